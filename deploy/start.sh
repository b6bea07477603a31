#!/bin/sh
# Entry point of the image. A token given as a file is the one with which a Prometheus outside may read /metrics.
set -eu
data=${VIGIA_DATA:-/var/lib/vigia}
token_file=${VIGIA_METRICS_TOKEN_FILE:-}

if [ "${1:-}" = up ] && [ -n "$token_file" ]; then
  token=$(cat -- "$token_file") || exit 66
  case $token in
    *[!0-9a-f]*) token= ;;
  esac
  if [ ${#token} -ne 64 ]; then
    echo "vigia: $token_file must hold 64 hexadecimal digits and nothing else; deploy/secrets.sh makes such a file" >&2
    exit 78
  fi
  (umask 077 && printf '%s\n' "$token" >"$data/internal.token.new" && mv -- "$data/internal.token.new" "$data/internal.token")
fi
exec "$(dirname -- "$0")/../vigia" "$@"
