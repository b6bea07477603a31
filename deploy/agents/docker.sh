#!/bin/sh
# Starts cAdvisor on a Docker host, of a pinned version. From Vigía's checkout:
#   ssh root@HOST sh -s -- --listen ADDRESS-OF-THE-HOST:9101 <deploy/agents/docker.sh
# Docker verifies every layer against the image's digest; with --digest it also takes no other image under that version.
set -eu
{ # read to its end before anything is done: a connection that breaks leaves nothing half done

image=ghcr.io/google/cadvisor
version=0.56.2
listen=127.0.0.1:9101
digest=

say() { printf '%s\n' "$*"; }
die() { printf 'docker.sh: %s\n' "$*" >&2; exit 1; }
usage() {
  say 'docker.sh [--listen HOST:PORT] [--version X.Y.Z] [--digest sha256:HEX] [--image NAME]'
  say "  --listen    where it is published; $listen by default, which only this host reaches"
  say "  --version   of cAdvisor; $version by default"
  say '  --digest    of the image, where you know it: no other one is taken'
  say "  --image     for a mirror; $image by default"
}

while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --listen | --version | --digest | --image)
      [ $# -ge 2 ] || die "$1 needs a value"
      case $1 in
        --listen) listen=$2 ;;
        --version) version=$2 ;;
        --digest) digest=$2 ;;
        --image) image=$2 ;;
      esac
      shift 2
      ;;
    *) usage >&2; die "there is no option $1" ;;
  esac
done

# One line, and all of it.
matches() { [ "$(printf %s "$1" | wc -l)" -eq 0 ] && printf '%s\n' "$1" | grep -Eq "$2"; }
matches "$version" '^[0-9]+\.[0-9]+\.[0-9]+$' || die "--version $version is no version like 0.56.2"
matches "$listen" '^(\[[0-9a-fA-F:]+\]|[0-9.]+):[0-9]{1,5}$' || die "--listen $listen is no ADDRESS:PORT"
matches "$image" '^[a-z0-9][a-z0-9._/:-]*$' || die "--image $image is no name of an image"
[ -z "$digest" ] || matches "$digest" '^sha256:[0-9a-f]{64}$' || die '--digest takes sha256: and 64 hexadecimal digits'
command -v docker >/dev/null || die 'there is no docker here'

reference=$image:$version
[ -z "$digest" ] || reference=$image:$version@$digest
docker pull --quiet "$reference" >/dev/null || die "$reference could not be had: nothing was changed"
if docker container inspect vigia-cadvisor >/dev/null 2>&1; then docker rm --force vigia-cadvisor >/dev/null; fi
# As root, for control groups and the engine, but not privileged. Of what is off by default, "process" is on: it has the threads.
docker run --detach --name vigia-cadvisor --restart unless-stopped \
  --read-only --tmpfs /tmp --security-opt no-new-privileges:true \
  --volume /:/rootfs:ro --volume /var/run:/var/run:ro --volume /sys:/sys:ro \
  --volume /var/lib/docker:/var/lib/docker:ro --volume /dev/disk:/dev/disk:ro --device /dev/kmsg:/dev/kmsg:r \
  --publish "$listen:8080" "$reference" \
  --docker_only=true --housekeeping_interval=15s \
  --disable_metrics=advtcp,cpu_topology,cpuset,hugetlb,memory_numa,percpu,referenced_memory,resctrl,sched,tcp,udp >/dev/null ||
  die 'the container could not be started'
say "cAdvisor $version runs as vigia-cadvisor, at http://$listen/metrics."
say "Its image: $(docker image inspect --format '{{join .RepoDigests " "}}' "$reference")"
say 'Firewall: a published port goes past ufw and firewalld. Publish it on an address that only Prometheus reaches, or add a rule'
say "to the chain DOCKER-USER:  iptables -I DOCKER-USER -p tcp --dport 8080 ! -s ADDRESS-OF-PROMETHEUS -j DROP"
exit
}
