#!/bin/sh
# Installs node_exporter on a Linux host with systemd, of a pinned version whose checksum is verified. From Vigía's checkout:
#   ssh root@HOST sh -s -- --allow ADDRESS-OF-PROMETHEUS <deploy/agents/linux.sh
# Nothing is installed when the download is broken or the checksum is another one.
set -eu
{ # read to its end before anything is done: a connection that breaks leaves nothing half done

version=1.9.1
mirror=https://github.com/prometheus/node_exporter/releases/download
listen=:9100
sha256='' allow='' root=''

say() { printf '%s\n' "$*"; }
die() { printf 'linux.sh: %s\n' "$*" >&2; exit 1; }
usage() {
  say 'linux.sh [--allow ADDRESS] [--listen [HOST]:PORT] [--version X.Y.Z] [--mirror URL] [--sha256 HEX] [--root FOLDER]'
  say '  --allow ADDRESS    of the Prometheus that scrapes; for the note about the firewall'
  say "  --listen           address of the exporter; $listen by default, which is every address of the host"
  say "  --version          of node_exporter; $version by default"
  say "  --mirror URL       of the releases; $mirror by default"
  say '  --sha256 HEX       of the archive, where you know it; otherwise the sha256sums.txt of the release is asked'
  say '  --root FOLDER      install below a folder and start nothing'
}

while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --allow | --listen | --version | --mirror | --sha256 | --root)
      [ $# -ge 2 ] || die "$1 needs a value"
      case $1 in
        --allow) allow=$2 ;;
        --listen) listen=$2 ;;
        --version) version=$2 ;;
        --mirror) mirror=${2%/} ;;
        --sha256) sha256=$2 ;;
        --root) root=${2%/} ;;
      esac
      shift 2
      ;;
    *) usage >&2; die "there is no option $1" ;;
  esac
done

# What ends up in a path, a URL or the unit is looked at first.
# One line, and all of it.
matches() { [ "$(printf %s "$1" | wc -l)" -eq 0 ] && printf '%s\n' "$1" | grep -Eq "$2"; }
matches "$version" '^[0-9]+\.[0-9]+\.[0-9]+$' || die "--version $version is no version like 1.9.1"
matches "$mirror" '^https?://[^[:space:]"'\'']+$' || die "--mirror $mirror is no http address"
matches "$listen" '^(\[[0-9a-fA-F:]+\]|[0-9A-Za-z.-]*):[0-9]{1,5}$' || die "--listen $listen is no [HOST]:PORT"
[ -z "$sha256" ] || matches "$sha256" '^[0-9a-f]{64}$' || die '--sha256 takes 64 hexadecimal digits'
[ -z "$allow" ] || matches "$allow" '^[0-9A-Fa-f:./]+$' || die "--allow $allow is no address"

case $(uname -m) in
  x86_64 | amd64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  armv7l) arch=armv7 ;;
  armv6l) arch=armv6 ;;
  i386 | i686) arch=386 ;;
  *) die "there is no release of node_exporter for $(uname -m)" ;;
esac
if [ -z "$root" ]; then
  [ "$(id -u)" -eq 0 ] || die 'this needs root'
  command -v systemctl >/dev/null || die 'this host has no systemd; install the package of your distribution (prometheus-node-exporter) instead'
fi

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fetch() { # URL FILE
  if command -v curl >/dev/null; then curl --fail --silent --show-error --location --retry 2 --output "$2" -- "$1"
  elif command -v wget >/dev/null; then wget -q -O "$2" -- "$1"
  else die 'there is neither curl nor wget to download with'
  fi || die "$1 could not be downloaded"
}

name=node_exporter-$version.linux-$arch
if [ -z "$sha256" ]; then
  fetch "$mirror/v$version/sha256sums.txt" "$work/sha256sums.txt"
  sha256=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$name\.tar\.gz\$/\1/p" "$work/sha256sums.txt")
  [ ${#sha256} -eq 64 ] || die "$mirror/v$version/sha256sums.txt names no checksum of $name.tar.gz"
fi
fetch "$mirror/v$version/$name.tar.gz" "$work/archive"
found=$(sha256sum <"$work/archive" | cut -d' ' -f1)
[ "$found" = "$sha256" ] || die "the checksum of $name.tar.gz is $found, and not $sha256 as it should be: nothing was installed"
tar -xzf "$work/archive" -C "$work" --no-same-owner "$name/node_exporter" || die "$name.tar.gz holds no node_exporter"

mkdir -p "$root/usr/local/bin" "$root/etc/systemd/system"
install -m 0755 "$work/$name/node_exporter" "$root/usr/local/bin/.node_exporter.new"
mv -f "$root/usr/local/bin/.node_exporter.new" "$root/usr/local/bin/node_exporter"
cat >"$root/etc/systemd/system/node_exporter.service" <<UNIT
[Unit]
Description=Figures of this host for Prometheus
After=network.target

[Service]
DynamicUser=yes
ExecStart=/usr/local/bin/node_exporter --web.listen-address=$listen
Restart=on-failure
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
# Not "yes": it could then not say how full /home is.
ProtectHome=read-only
PrivateDevices=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
UNIT
say "Installed node_exporter $version, checksum $found."

port=${listen##*:}
if [ -z "$root" ]; then
  systemctl daemon-reload
  systemctl enable --quiet node_exporter.service
  systemctl restart node_exporter.service
  sleep 1
  systemctl is-active --quiet node_exporter.service || die 'it does not run; see: journalctl -u node_exporter'
  say "It runs, on $listen."
fi
say "Firewall: only Prometheus should reach port $port. Whichever of these the host uses:"
from=${allow:-ADDRESS-OF-PROMETHEUS}
say "  ufw allow from $from to any port $port proto tcp"
say "  firewall-cmd --permanent --add-rich-rule='rule family=ipv4 source address=$from port port=$port protocol=tcp accept' && firewall-cmd --reload"
say "  nft insert rule inet filter input tcp dport $port ip saddr != $from drop"
exit
}
