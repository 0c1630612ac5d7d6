#!/bin/sh
# Builds a Debian package of a wheel and the releases that requirements-run.lock names: build.sh PYTHON WHEEL FOLDER
# It is for the Python it is built with (Debian 12: 3.11), which it takes from the system, and holds all else itself.
set -eu
python=$1 wheel=$2 out=$3
here=$(dirname "$0")
top=$here/../..
minor=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
version=$(basename "$wheel" | cut -d- -f2)
architecture=$(dpkg --print-architecture)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
chmod 755 "$stage"
home=/opt/itflow-bridge
site=$stage$home/lib/python$minor/site-packages

# A virtual environment on the system's Python, written down rather than made, since that Python may not be here.
mkdir -p "$site" "$stage$home/bin"
"$python" -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes \
  -r "$top/requirements-run.lock" --target "$site"
rm -rf "$site/bin"
"$python" -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --no-index "$wheel" --target "$site"
rm -rf "$site/bin"
"$python" -m compileall -q --invalidation-mode unchecked-hash -s "$stage" "$site"
printf 'home = /usr/bin\ninclude-system-site-packages = false\nversion = %s\n' "$minor" >"$stage$home/pyvenv.cfg"
ln -s "/usr/bin/python$minor" "$stage$home/bin/python"
printf '#!%s/bin/python\nimport sys\n\nfrom bridge.cli import main\n\nsys.exit(main())\n' "$home" >"$stage$home/bin/itflow-bridge"
chmod 755 "$stage$home/bin/itflow-bridge"

program() { PYTHONPATH=$site "$python" -c 'import sys; sys.argv[0] = "itflow-bridge"; from bridge.cli import main; main()' "$@"; }
put() { install -D -m "$1" "$2" "$stage$3"; }
mkdir -p "$stage/usr/bin" "$stage/usr/share/man/man1" "$stage/usr/share/bash-completion/completions" "$stage/DEBIAN"
ln -s $home/bin/itflow-bridge "$stage/usr/bin/itflow-bridge"
program manual | gzip -9n >"$stage/usr/share/man/man1/itflow-bridge.1.gz"
_ITFLOW_BRIDGE_COMPLETE=source_bash program >"$stage/usr/share/bash-completion/completions/itflow-bridge"
put 644 "$top/templates/service/itflow-bridge.service" /usr/lib/systemd/system/itflow-bridge.service
for end in service timer; do
  put 644 "$top/templates/service/itflow-bridge-backup.$end" "/usr/lib/systemd/system/itflow-bridge-backup.$end"
done
put 644 "$here/itflow-bridge.sysusers" /usr/lib/sysusers.d/itflow-bridge.conf
put 640 "$here/bridge.toml" /etc/itflow-bridge/bridge.toml
put 644 "$top/LICENSE" /usr/share/doc/itflow-bridge/copyright
for page in "$top"/README.md "$top"/CHANGELOG.md "$top"/docs/*.md; do
  put 644 "$page" "/usr/share/doc/itflow-bridge/$(basename "$page")"
done
for example in "$top"/docs/examples/*; do
  put 644 "$example" "/usr/share/doc/itflow-bridge/examples/$(basename "$example")"
done
put 644 "$here/credential.conf" /usr/share/doc/itflow-bridge/examples/credential.conf
for script in preinst postinst prerm postrm; do put 755 "$here/$script" "/DEBIAN/$script"; done
echo /etc/itflow-bridge/bridge.toml >"$stage/DEBIAN/conffiles"
sed -e "s/@VERSION@/$version/; s/@ARCHITECTURE@/$architecture/; s/@PYTHON@/python$minor/" \
  -e "s/@SIZE@/$(du -sk "$stage" | cut -f1)/" "$here/control.in" >"$stage/DEBIAN/control"
mkdir -p "$out"
dpkg-deb --root-owner-group --build "$stage" "$out/itflow-bridge_${version}_python${minor}_$architecture.deb"
