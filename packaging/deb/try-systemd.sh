#!/bin/sh
# The packaged unit under a real systemd, in a container of systemd-nspawn: try-systemd.sh FOLDER PACKAGE
# FOLDER is a Debian tree with systemd in it. It starts, is asked, reloads, hangs and is started again, and does not come
# again with wrong settings.
set -eu
tree=$1 package=$2
here=$(dirname "$0")
cp "$package" "$tree/root/itflow-bridge.deb"
install -m 755 "$here/trial.sh" "$tree/root/trial.sh"
cat >"$tree/etc/systemd/system/trial.service" <<'END'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/root/trial.sh
ExecStopPost=/bin/systemctl --no-block poweroff
StandardOutput=file:/root/trial.log
StandardError=inherit
END
mkdir -p "$tree/etc/systemd/system/default.target.wants"
ln -sf ../trial.service "$tree/etc/systemd/system/default.target.wants/trial.service"
rm -f "$tree/root/trial.log"
timeout "${LIMIT_S:-120}" systemd-nspawn --quiet --register=no --keep-unit --private-network --directory "$tree" --boot >/dev/null 2>&1 || true
cat "$tree/root/trial.log"
grep -q '^all is well$' "$tree/root/trial.log"
