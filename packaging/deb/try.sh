#!/bin/sh
# Installs a package in a fresh Debian tree, starts the service as its user beside an embedded ITFlow, asks it who calls,
# removes the package, and looks at what is left: try.sh FOLDER PACKAGE. Needs root, and debootstrap for a new tree.
set -eu
tree=$1 package=$2
suite=${SUITE:-bookworm}
[ -e "$tree/etc/debian_version" ] || debootstrap --variant=minbase "$suite" "$tree" >/dev/null
inside() { chroot "$tree" env DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
user="setpriv --reuid itflow-bridge --regid itflow-bridge --init-groups env -C /var/lib/itflow-bridge"
as_user() { chroot "$tree" $user "$@"; }
mounted=
for place in proc dev; do
  mountpoint -q "$tree/$place" || { mount --rbind "/$place" "$tree/$place" && mounted="$mounted $place"; }
done
started=
finish() {
  for one in $started; do kill "$one" 2>/dev/null || true; done
  wait 2>/dev/null || true
  for place in $mounted; do umount -l "$tree/$place"; done
}
trap finish EXIT
say() { printf '== %s\n' "$*"; }

say "dpkg -i on $(inside sh -c '. /etc/os-release; echo "$PRETTY_NAME"')"
inside apt-get -qq purge -y itflow-bridge >/dev/null 2>&1 || true
cp "$package" "$tree/tmp/itflow-bridge.deb"
inside apt-get -qq update >/dev/null
inside apt-get -qq install -y --no-install-recommends /tmp/itflow-bridge.deb
inside itflow-bridge --version
inside stat -c '%A %U:%G %n' /etc/itflow-bridge /etc/itflow-bridge/bridge.toml /etc/itflow-bridge/itflow.key /var/lib/itflow-bridge

say "serve without settings: status 78, and what to do"
status=0
as_user itflow-bridge serve -c /etc/itflow-bridge/bridge.toml || status=$?
[ "$status" = 78 ]

say "with an ITFlow on this machine"
key=key-of-a-try
(exec chroot "$tree" $user itflow-bridge embedded --port 18090 --key "$key") >"$tree/tmp/itflow.log" 2>&1 &
started="$started $!"
sed -i 's,^# url = .*,url = "http://127.0.0.1:18090",; $a [http]\nport = 18080\n[agi]\nport = 14573' "$tree/etc/itflow-bridge/bridge.toml"
echo "$key" >"$tree/etc/itflow-bridge/itflow.key"
inside chmod 640 /etc/itflow-bridge/itflow.key
as_user itflow-bridge keys add pbx -c /etc/itflow-bridge/bridge.toml >"$tree/tmp/key"
(exec chroot "$tree" $user itflow-bridge serve -c /etc/itflow-bridge/bridge.toml) >"$tree/tmp/bridge.log" 2>&1 &
started="$started $!"
tries=0
until name=$(inside /opt/itflow-bridge/bin/python -c '
import sys, urllib.request
print(urllib.request.urlopen("http://127.0.0.1:18080/api.php?api_key=%s&cid=2065550123" % sys.argv[1], timeout=3).read().decode())' \
  "$(cat "$tree/tmp/key")" 2>/dev/null) && [ -n "$name" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 150 ] || { cat "$tree/tmp/bridge.log"; exit 1; }
  sleep 0.2
done
say "a caller is $name"
for one in $started; do kill "$one"; done
wait || true
started=

say "purge"
inside apt-get -qq purge -y itflow-bridge
for path in /opt/itflow-bridge /etc/itflow-bridge /var/lib/itflow-bridge /usr/bin/itflow-bridge; do
  if [ -e "$tree$path" ]; then echo "$path is left"; exit 1; fi
done
say "nothing is left"
