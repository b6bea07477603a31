#!/bin/sh
# By hand: what does a person meet who starts Vigía on a fresh, minimal Debian?
#
#   sudo test/bootstrap/debootstrap.sh [--keep DIR] root|user COMMAND...
#   sudo test/bootstrap/debootstrap.sh user ./vigia test
#
# Makes a minimal system with debootstrap (needs that package, about 210 MB and a minute), copies the files of this
# checkout that a clone would have, and runs the command there twice, as root or as an ordinary user, with times and sizes.
# The package sources, the npm registry with its settings, and certificates are those of this machine.
# --keep DIR keeps the bare system in DIR and uses it again; everything else is removed at the end. Mounts and processes
# live in namespaces of their own, so nothing of them survives.
set -eu
# shellcheck disable=SC1091,SC2016

keep=
if [ "${1:-}" = --keep ]; then keep=$2; shift 2; fi
who=${1:?root or user}
shift
[ $# -gt 0 ] || set -- ./vigia --help
[ "$(id -u)" -eq 0 ] || { echo 'This needs root, for chroot.' >&2; exit 77; }
here=$(dirname -- "$(readlink -f -- "$0")")
checkout=$(git -C "$here" rev-parse --show-toplevel)

suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u)
mirror=$(echo "$sources" | awk -v suite="$suite" '$3 == suite { print $2; exit }')

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
bare=${keep:-$work/bare}
[ -x "$bare/bin/sh" ] || debootstrap --variant=minbase "$suite" "$bare" "$mirror"
root=$work/root
cp -a "$bare" "$root"

# What this machine knows about the network.
echo "$sources" >"$root/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(http|https|ftp)::Proxy' >"$root/etc/apt/apt.conf.d/90network" || true
cp /etc/resolv.conf /etc/hosts "$root/etc/"
home=/root
[ "$who" = root ] || { chroot "$root" useradd --create-home somebody; home=/home/somebody; }
if [ -f "$HOME/.npmrc" ]; then cp "$HOME/.npmrc" "$root$home/.npmrc"; fi
setting() { npm config get "$1" 2>/dev/null | grep -vE '^(null|undefined|)$' || true; }
for name in registry proxy https-proxy noproxy; do
  value=$(setting "$name")
  if [ -n "$value" ]; then printf '\n%s=%s\n' "$name" "$value" >>"$root$home/.npmrc"; fi
done
# Under a name of its own: a package that is installed there rebuilds the distribution's bundle.
authorities=$(setting cafile)
if [ -f "${authorities:=${NODE_EXTRA_CA_CERTS:-}}" ]; then
  cp -L "$authorities" "$root/etc/authorities.pem"
  printf '\ncafile=/etc/authorities.pem\n' >>"$root$home/.npmrc"
fi

# The files that a clone would have, whether committed or not.
clone="$root$home/a clone"
mkdir "$clone"
(cd "$checkout" && git ls-files --cached --others --exclude-standard -z | tar --create --null --files-from=- --ignore-failed-read) | tar --extract --directory="$clone"
if [ "$who" != root ]; then chroot "$root" chown -R somebody "$home"; fi

cat >"$root/walk.sh" <<'WALK'
cd "$HOME/a clone"
for start in first second; do
  began=$(date +%s%N)
  code=0
  "$@" || code=$?
  echo "== $start start: exit code $code after $((($(date +%s%N) - began) / 1000000)) ms" >&2
done
du -sm node_modules .vigia 2>/dev/null
WALK
before=$(du -sm "$root" | cut -f1)
spec=$([ "$who" = root ] && echo root || echo somebody)
unshare --mount --pid --fork --kill-child --propagation private sh -c '
  root=$1 spec=$2 home=$3
  shift 3
  mount -t proc proc "$root/proc"
  mount -t tmpfs tmpfs "$root/dev/shm"
  exec env -i HOME="$home" TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} ${no_proxy:+no_proxy="$no_proxy"} \
    NODE_EXTRA_CA_CERTS=/etc/authorities.pem \
    chroot --userspec="$spec" "$root" sh /walk.sh "$@"
' sh "$root" "$spec" "$home" "$@"
echo "== the system grew from $before MB to $(du -sm "$root" | cut -f1) MB"
