#!/bin/bash
# Runs inside the container, as root, with systemd as the first process; see try-systemd.sh.
set -eu
trap 'journalctl -u itflow-bridge --no-pager --lines 15' ERR
export DEBIAN_FRONTEND=noninteractive
say() { echo "== $*"; }
until_() { for _ in $(seq 300); do if "$@"; then return 0; fi; sleep 0.2; done; say "never: $*"; journalctl -u itflow-bridge --no-pager | tail -n 20; exit 1; }
show() { systemctl show itflow-bridge --property "$1" --value; }
asked() {
  /opt/itflow-bridge/bin/python -c '
import sys, urllib.request
print(urllib.request.urlopen("http://%s:18080/api.php?api_key=%s&cid=2065550123" % (sys.argv[2], sys.argv[1]), timeout=3).read().decode())' \
    "$(cat /root/key)" "$1" 2>/dev/null
}
named() { [ "$(asked 127.0.0.1)" = "Noah Kim" ]; }

dpkg -P itflow-bridge >/dev/null 2>&1 || true
dpkg -i /root/itflow-bridge.deb >/dev/null
say "systemd $(systemctl --version | head -n 1); exposure: $(systemd-analyze security itflow-bridge --no-pager | tail -n 1)"
systemd-run --quiet --unit embedded /usr/bin/itflow-bridge embedded --port 18090 --key key-of-a-trial
sed -i 's,^# url = .*,url = "http://127.0.0.1:18090",; $a [http]\nport = 18080\n[agi]\nport = 14573' /etc/itflow-bridge/bridge.toml
systemctl start itflow-bridge || say "with an empty key file it does not start: $(show Result), status $(show ExecMainStatus)"
sleep 5
say "and is not tried again: $(show NRestarts) restarts"
[ "$(show NRestarts)" = 0 ]
echo key-of-a-trial >/etc/itflow-bridge/itflow.key
runuser -u itflow-bridge -- itflow-bridge keys add pbx -c /etc/itflow-bridge/bridge.toml >/root/key 2>/dev/null
systemctl reset-failed itflow-bridge
systemctl start itflow-bridge
say "$(show ActiveState): $(show StatusText)"
until_ named
say "a caller is $(asked 127.0.0.1), on IPv6 $(asked '[::1]')"
first=$(show MainPID)

sed -i '$a [callerid]\nlabel = "{client}"' /etc/itflow-bridge/bridge.toml
systemctl reload itflow-bridge
relabelled() { local name; name=$(asked 127.0.0.1) && [ -n "$name" ] && [ "$name" != "Noah Kim" ]; }
until_ relabelled
say "after systemctl reload a caller is $(asked 127.0.0.1), same process: $([ "$(show MainPID)" = "$first" ] && echo yes)"

kill -STOP "$first"
restarted() { [ "$(show NRestarts)" -ge 1 ] && relabelled && [ -n "$(asked 127.0.0.1)" ]; }
until_ restarted
say "hung, it was killed and started again: $(journalctl -u itflow-bridge --no-pager | grep -c 'Watchdog timeout') watchdog timeout"

cd /etc/itflow-bridge
systemd-creds encrypt --name=itflow.key itflow.key itflow.key.cred
install -D -m 644 /usr/share/doc/itflow-bridge/examples/credential.conf /etc/systemd/system/itflow-bridge.service.d/credential.conf
sed -i '/^api_key_file/d' bridge.toml
echo no-key-of-itflow >itflow.key
rm -f /var/lib/itflow-bridge/bridge.db* # so that names have to come with the key of the credential
runuser -u itflow-bridge -- itflow-bridge keys add pbx -c /etc/itflow-bridge/bridge.toml >/root/key 2>/dev/null
systemctl daemon-reload
systemctl restart itflow-bridge
until_ relabelled
say "with ITFlow's key as an encrypted credential a caller is $(asked 127.0.0.1); file of the key: $(
  tr '\0' '\n' <"/proc/$(show MainPID)/environ" | grep '^BRIDGE_ITFLOW_API_KEY_FILE=')"

systemctl stop itflow-bridge
say "stopped: $(show Result)"
echo "all is well"
