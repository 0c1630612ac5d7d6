#!/bin/sh
# The bridge from a shell: export BRIDGE_URL=http://bridge:8080 BRIDGE_KEY=…, then
#   itflow.sh caller +12125550101 | balance 1 | emails | asset 1 PC-7
set -eu

# The key goes to curl on its standard input, so that it is not in the list of processes.
bridge() {
    printf 'header = "Authorization: Bearer %s"\n' "$BRIDGE_KEY" | curl -sS --fail-with-body -K - "$@"
}

case "$#:${1-}" in
2:caller) bridge -G "$BRIDGE_URL/callerid" --data-urlencode "number=$2" ;;
2:balance) bridge -G "$BRIDGE_URL/balance" --data-urlencode "client_id=$2" ;;
1:emails) bridge "$BRIDGE_URL/emails?format=addresses" ;;
3:asset) bridge "$BRIDGE_URL/assets" --data-urlencode "client_id=$2" --data-urlencode "name=$3" ;;
*) sed -n 's/^#   //p' "$0" >&2; exit 2 ;;
esac
echo
