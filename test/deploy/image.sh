#!/bin/sh
# By hand: is the image built, and does it do what it says? No registry is needed, and no engine is disturbed.
#
#   sudo test/deploy/image.sh [--keep FOLDER]
#
# Makes the base image with debootstrap (about 210 MB and a minute), starts a Docker engine of its own (packages docker.io and
# debootstrap), builds deploy/Dockerfile on that base, and then runs the image as its comment says: read-only, as no root, without a
# network. Package sources, npm registry and certificates are those of this machine. --keep FOLDER keeps the bare base system in FOLDER
# and uses it again; everything else is removed at the end.
set -eu
# shellcheck disable=SC1091,SC2016

keep=
if [ "${1:-}" = --keep ]; then keep=$2; shift 2; fi
[ "$(id -u)" -eq 0 ] || { echo 'This needs root, for the engine.' >&2; exit 77; }
for program in debootstrap dockerd docker; do
  command -v "$program" >/dev/null || { echo "This needs $program: apt-get install docker.io debootstrap" >&2; exit 77; }
done
here=$(dirname -- "$(readlink -f -- "$0")")
checkout=$(git -C "$here" rev-parse --show-toplevel)

suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u)
mirror=$(echo "$sources" | awk -v suite="$suite" '$3 == suite { print $2; exit }')

work=$(mktemp -d)
engine=
finish() {
  if [ -n "$engine" ]; then
    kill "$engine" 2>/dev/null || true
    wait "$engine" 2>/dev/null || true
    umount "$work"/exec/netns/* 2>/dev/null || true
  fi
  rm -rf --one-file-system "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step() { echo "== $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

# The base, with what this machine knows about the network.
bare=${keep:-$work/bare}
[ -x "$bare/bin/sh" ] || debootstrap --variant=minbase "$suite" "$bare" "$mirror"
mkdir "$work/network"
(
  cd "$work/network"
  mkdir -p etc/apt/apt.conf.d root
  echo "$sources" >etc/apt/sources.list
  apt-config dump | grep -E '^Acquire::(http|https|ftp)::Proxy' >etc/apt/apt.conf.d/90network || true
  if [ -f "$HOME/.npmrc" ]; then cp "$HOME/.npmrc" root/.npmrc; fi
  setting() { npm config get "$1" 2>/dev/null | grep -vE '^(null|undefined|)$' || true; }
  for name in registry proxy https-proxy noproxy; do
    value=$(setting "$name")
    if [ -n "$value" ]; then printf '\n%s=%s\n' "$name" "$value" >>root/.npmrc; fi
  done
  authorities=$(setting cafile)
  if [ -f "${authorities:=${NODE_EXTRA_CA_CERTS:-}}" ]; then
    cp -L "$authorities" etc/authorities.pem
    printf '\ncafile=/etc/authorities.pem\n' >>root/.npmrc
  fi
)

# An engine of its own: it changes neither the network nor the firewall of this machine.
export DOCKER_HOST="unix://$work/docker.sock" DOCKER_BUILDKIT=0
unset DOCKER_CONTEXT
dockerd --data-root "$work/data" --exec-root "$work/exec" --host "$DOCKER_HOST" --pidfile "$work/pid" \
  --iptables=false --ip6tables=false --bridge=none --ip-forward=false --ip-masq=false >"$work/dockerd.log" 2>&1 &
engine=$!
for _ in $(seq 100); do docker version >/dev/null 2>&1 && break; sleep 0.2; done
docker version >/dev/null 2>&1 || { tail -5 "$work/dockerd.log" >&2; fail 'the engine did not start'; }

step 'the base image'
tar --create --directory="$bare" --exclude=./proc/* --exclude=./sys/* --exclude=./var/cache/apt/* . | docker import - vigia-bare:1 >/dev/null
printf 'FROM vigia-bare:1\nCOPY . /\n' >"$work/network/Dockerfile"
docker build --quiet --tag vigia-base:1 "$work/network" >/dev/null 2>&1 || fail 'the base image was not built'

step 'deploy/Dockerfile'
began=$(date +%s)
mkdir "$work/clone"
(cd "$checkout" && git ls-files --cached --others --exclude-standard -z | tar --create --null --files-from=- --ignore-failed-read) |
  tar --extract --directory="$work/clone"
docker build --network host --build-arg BASE=vigia-base:1 --file "$work/clone/deploy/Dockerfile" --tag vigia:test "$work/clone" >"$work/build.log" 2>&1 ||
  { tail -30 "$work/build.log" >&2; fail 'the image was not built'; }
echo "built in $(($(date +%s) - began)) s"
base=$(docker image inspect --format '{{.Size}}' vigia-base:1)
whole=$(docker image inspect --format '{{.Size}}' vigia:test)
docker run --rm --network none --entrypoint sh vigia:test -c 'du -sm node_modules .vigia/parts dist src'
echo "base $((base / 1000000)) MB, on it $(((whole - base) / 1000000)) MB"

step 'a container with a read-only root, as no root, without a network'
token=$(od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n')
echo "$token" >"$work/metrics-token"
chmod 0444 "$work/metrics-token"
run() {
  docker run --detach --name vigia --read-only --tmpfs /tmp --network none --init \
    --cap-drop ALL --security-opt no-new-privileges:true \
    --volume vigia-data:/var/lib/vigia --volume "$work/metrics-token:/run/secrets/vigia/metrics-token:ro" \
    --env VIGIA_METRICS_TOKEN_FILE=/run/secrets/vigia/metrics-token vigia:test >/dev/null
}
# What the page answers to a request from inside: its status, then its body.
ask() { # PATH [TOKEN]
  docker exec vigia "$node" -e '
    const [path, token] = process.argv.slice(1);
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    fetch(`http://127.0.0.1:8080${path}`, { headers }).then(async (answer) => console.log(answer.status, await answer.text()), (error) => console.log(error.cause?.code));
  ' "$@"
}
until_ready() {
  for _ in $(seq 120); do
    if docker logs vigia 2>&1 | grep -q 'Vigía is watching'; then return; fi
    [ "$(docker container inspect --format '{{.State.Running}}' vigia)" = true ] || break
    sleep 0.5
  done
  docker logs vigia >&2
  fail 'it did not start'
}
began=$(date +%s%N)
run
until_ready
node=$(docker exec vigia sh -c 'echo /opt/vigia/node_modules/node-linux-*/bin/node')
echo "ready after $((($(date +%s%N) - began) / 1000000)) ms"
docker logs vigia 2>&1 | sed 's/^/  | /'

[ "$(docker exec vigia id -u)" = 10001 ] || fail 'it runs as another user'
if docker exec vigia sh -c 'touch /opt/vigia/x || touch /x' 2>/dev/null; then fail 'its root can be written to'; fi
docker exec vigia grep -q '^NoNewPrivs:.*1$' /proc/1/status || fail 'it can gain privileges'
docker exec vigia grep -q '^CapEff:.*0000000000000000$' /proc/1/status || fail 'it has capabilities'
ask / | head -c 200 | grep -q '^200 <!doctype html>' || fail "the page does not answer: $(ask / | head -c 200)"
ask /health | grep -q '^200 ' || fail "/health says $(ask /health)"
ask /metrics | grep -q '^401 ' || fail 'the metrics are open to all'
case $(ask /metrics "$token") in
  200*process_start_time_seconds*) ;;
  *) fail "the token opens no metrics: $(ask /metrics "$token" | head -c 200)" ;;
esac
docker exec vigia /opt/vigia/vigia status || fail 'the health check fails'
echo "the page, /health, /metrics with its token and the health check answer"
docker stats --no-stream --format 'memory {{.MemUsage}}' vigia

step 'stopping, and starting again on the same volume'
docker stop --time 60 vigia >/dev/null
[ "$(docker container inspect --format '{{.State.ExitCode}}' vigia)" = 0 ] || fail 'it did not stop in order'
docker rm vigia >/dev/null
run
until_ready
ask / | head -c 200 | grep -q '^200 <!doctype html>' || fail 'the page does not answer after a restart'
docker rm --force vigia >/dev/null

step 'dashboards for Grafana'
if docker run --rm --read-only --network none vigia:test dashboards --out /var/lib/vigia-grafana >/dev/null 2>&1; then fail 'it wrote into a read-only root'; fi
docker run --rm --read-only --network none --volume grafana:/var/lib/vigia-grafana vigia:test dashboards --out /var/lib/vigia-grafana | tail -2
echo '== passed'
