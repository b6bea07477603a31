#!/bin/sh
# Makes the secrets that compose.yml names, where they are missing: deploy/secrets.sh [FOLDER]
# Nobody but the owner may enter the folder. The files in it can be read by all, because containers run as users of their own.
set -eu
folder=${1:-$(dirname -- "$(readlink -f -- "$0")")/secrets}
mkdir -p -- "$folder"
chmod 0700 -- "$folder"
for name in metrics-token grafana-admin-password influxdb-admin-password influxdb-token; do
  [ ! -s "$folder/$name" ] || continue
  od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$name.new"
  chmod 0444 -- "$folder/$name.new"
  mv -- "$folder/$name.new" "$folder/$name"
  echo "made $folder/$name"
done
