#!/bin/bash
# Builds the image on a fresh Debian tree, so that no registry is needed, and runs it as compose.yaml does (root read-only,
# no capability, one volume): try.sh TREE [STORE]. It is asked who calls, asked for its health, killed, and started again.
# TREE is a Debian tree, made with debootstrap if there is none; STORE is a folder for images, thrown away at the end if
# none is named. Needs root, podman, buildah and crun; the wheel is in dist.
set -euo pipefail
tree=$1 store=${2:-}
cd "$(dirname "$0")/../.."
# Podman wants cgroups of one version; a machine with both shows it the newer, in mounts of its own.
if [ "${TRIED_IN:-}" != mounts ]; then exec env TRIED_IN=mounts unshare --mount "$0" "$@"; fi
if [ -d /sys/fs/cgroup/unified ]; then umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup; fi
work=$(mktemp -d)
net=trial-$$
[ -n "$store" ] || store=$work/store
engine="podman --root $store --runroot $store-run --tmpdir $store-run/tmp --storage-driver vfs --cgroup-manager cgroupfs
  --events-backend file --runtime crun"
finish() {
  $engine rm --force --all --time 5 >/dev/null 2>&1 || true
  $engine volume rm --force trial >/dev/null 2>&1 || true
  ip netns del "$net" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
say() { printf '== %s\n' "$*"; }

if [ ! -e "$tree/etc/debian_version" ]; then
  debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates "${SUITE:-bookworm}" "$tree" >/dev/null
fi
if ! $engine image exists localhost/debian-python; then
  cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/" # what pip of the tree trusts: as much as this machine
  tar -C "$tree" --one-file-system -c . | $engine import --quiet - localhost/debian-python >/dev/null
fi
say "build, on $(. "$tree/etc/os-release" && echo "$PRETTY_NAME")"
buildah --root "$store" --runroot "$work/run" --storage-driver vfs build --isolation chroot --format docker --quiet \
  --build-arg BASE=localhost/debian-python --tag itflow-bridge . >/dev/null
$engine image inspect itflow-bridge --format \
  'user {{.User}}, volume {{.Config.Volumes}}, {{.Config.Entrypoint}} {{.Config.Cmd}}, health {{.HealthCheck.Test}}'

ip netns add "$net"
ip -n "$net" link set lo up
container() {
  local name=$1
  shift
  $engine run --detach --name "$name" --network "ns:/run/netns/$net" --cgroups=disabled --read-only --tmpfs /tmp \
    --cap-drop ALL --security-opt no-new-privileges --security-opt seccomp=unconfined \
    --ulimit nofile=1024:1024 --ulimit nproc=1000:1000 "$@" >/dev/null
}
asked() {
  ip netns exec "$net" python3 -c '
import sys, urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8080/" + sys.argv[1], timeout=3).read().decode())' "$1" 2>/dev/null
}
named() { [ "$(asked "api.php?api_key=$key&cid=2065550123")" = "Noah Kim" ]; }
until_() {
  for _ in $(seq 300); do if "$@"; then return; fi; sleep 0.2; done
  say "never: $*"
  $engine logs bridge
  exit 1
}

say "run: root read-only, no capability, one volume"
container itflow itflow-bridge embedded --port 18090 --key key-of-a-try
container bridge --volume trial:/var/lib/itflow-bridge --env BRIDGE_ITFLOW_URL=http://127.0.0.1:18090 \
  --env BRIDGE_ITFLOW_API_KEY=key-of-a-try --env BRIDGE_NUMBERS_REGION=US itflow-bridge
until_ asked healthz
key=$($engine exec bridge itflow-bridge keys add pbx)
until_ named
say "a caller is $(asked "api.php?api_key=$key&cid=2065550123"); $($engine exec bridge id)"
$engine exec bridge grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/1/status
for path in / /opt/itflow-bridge /var/lib; do
  if $engine exec bridge sh -c "touch $path/x" 2>/dev/null; then say "$path can be written"; exit 1; fi
done
$engine exec bridge ls -lan /var/lib/itflow-bridge
healthy() { $engine healthcheck run bridge >/dev/null 2>&1; }
healthy
say "healthy; and unhealthy while it is stopped:"
$engine kill --signal STOP bridge >/dev/null
if healthy; then say "no: it counts as healthy"; exit 1; fi
$engine kill --signal CONT bridge >/dev/null
until_ healthy

say "kill -9, and the same volume in a new container"
$engine kill --signal KILL bridge >/dev/null
$engine rm --force --time 0 bridge >/dev/null
container bridge --volume trial:/var/lib/itflow-bridge --env BRIDGE_ITFLOW_URL=http://127.0.0.1:9 \
  --env BRIDGE_ITFLOW_API_KEY=key-of-a-try --env BRIDGE_NUMBERS_REGION=US itflow-bridge
until_ named
say "ITFlow is away, and a caller is $(asked "api.php?api_key=$key&cid=2065550123")"
$engine stop --time 70 bridge >/dev/null
say "SIGTERM: status $($engine inspect bridge --format '{{.State.ExitCode}}')"
echo "all is well"
