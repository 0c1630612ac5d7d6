#!/usr/bin/env bash
# Puts an Asterisk 22 and a SIPp into a folder of their own, without root and without installing anything:
#   tests/pbx/install.sh [FOLDER]          (default .cache/asterisk)
# An Asterisk (22 or newer) or SIPp that is installed is linked; what is missing comes from Debian's testing
# suite, by the mirror in this machine's own apt sources, unpacked and run with its own libraries.
# Afterwards FOLDER/bin/asterisk, FOLDER/bin/sipp, FOLDER/modules and FOLDER/share are there.
set -euo pipefail
folder=$(mkdir -p "${1:-.cache/asterisk}" && cd "${1:-.cache/asterisk}" && pwd)
[ -e "$folder/ready" ] && exit 0
mkdir -p "$folder/bin" "$folder/root" "$folder/apt/lists/partial" "$folder/apt/archives/partial"

installed() { # PROGRAM: its path, where it is installed and new enough
  local path
  path=$(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$1") || return 1
  [ "$1" != asterisk ] || [ "$("$path" -V | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 22 ] || return 1
  echo "$path"
}

packages=()
installed asterisk >/dev/null || packages+=(asterisk asterisk-modules asterisk-core-sounds-en-gsm asterisk-prompt-de)
installed sipp >/dev/null || packages+=(sip-tester)

if [ ${#packages[@]} -gt 0 ]; then
  for tool in apt-get dpkg-deb; do
    command -v $tool >/dev/null || { echo "This needs $tool (Debian or Ubuntu), or install asterisk 22 and sipp." >&2; exit 1; }
  done
  # The first Debian mirror of the machine: deb822 files first, then one-line sources.
  mirror=$({ cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true; } |
    sed -nE 's/^(URIs:|deb)[[:space:]]+(\[[^]]*\][[:space:]]+)?([^[:space:]]+).*/\3/p' | grep -m1 '/debian/\?$') ||
    { echo "No Debian mirror in /etc/apt: install asterisk 22 and sipp by hand." >&2; exit 1; }
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  echo "deb [signed-by=$keyring] $mirror testing main" >"$folder/apt/sources.list"
  : >"$folder/apt/status"
  cat >"$folder/apt/apt.conf" <<CONF
Dir::State "$folder/apt";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt";
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
  export APT_CONFIG="$folder/apt/apt.conf"
  apt-get -qq update
  apt-get -qq --yes --download-only install "${packages[@]}"
  for package in "$folder"/apt/archives/*.deb; do dpkg-deb --extract "$package" "$folder/root"; done
  rm -rf "$folder/apt"
fi

wrap() { # NAME PATH: a program of the folder runs with the folder's loader and libraries
  local loader
  loader=$(find "$folder/root/usr/lib" -path '*-linux-gnu*/ld-linux*' | head -n 1)
  printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' "$loader" "$(dirname "$loader")" "$folder/root/usr/$2" \
    >"$folder/bin/$1"
  chmod +x "$folder/bin/$1"
}

if path=$(installed asterisk); then
  ln -sfn "$path" "$folder/bin/asterisk"
  modules=$(find /usr/lib /usr/local/lib -path '*/asterisk/modules/res_agi.so' 2>/dev/null | head -n 1)
  ln -sfn "$(dirname "$modules")" "$folder/modules"
  for share in /usr/share/asterisk /var/lib/asterisk; do
    [ -d "$share/documentation" ] && ln -sfn "$share" "$folder/share" && break
  done
else
  wrap asterisk sbin/asterisk
  ln -sfn "$(dirname "$(find "$folder/root/usr/lib" -name res_agi.so | head -n 1)")" "$folder/modules"
  ln -sfn "$folder/root/usr/share/asterisk" "$folder/share"
fi
if path=$(installed sipp); then ln -sfn "$path" "$folder/bin/sipp"; else wrap sipp bin/sipp; fi

"$folder/bin/asterisk" -V
touch "$folder/ready"
