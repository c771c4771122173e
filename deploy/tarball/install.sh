#!/bin/sh
# Installs VirServer from this folder. ./install.sh --help
set -eu
usage() {
  cat <<'TEXT'
Usage: ./install.sh [--prefix DIR] [--systemd]
       ./install.sh --uninstall [--prefix DIR]

  --prefix DIR   where to (default: /usr/local as root, else ~/.local)
  --systemd      also makes the user `virserver`, DIR/etc/virserver.conf and a systemd unit (as root)
  --uninstall    removes what an earlier run installed; boards' data stay

Needs glibc 2.36 and libstdc++ 12 or newer, libssl.so.3, libsqlite3.so.0, libelf.so.1, libdw.so.1, libexpat.so.1 and libz.so.1;
for boards qemu-system-arm and the like, and bubblewrap for the full sandbox.
  Debian, Ubuntu  apt install libssl3 libsqlite3-0 libelf1 libdw1 libexpat1 zlib1g bubblewrap qemu-system-arm qemu-system-misc
  Fedora          dnf install openssl-libs sqlite-libs elfutils-libelf elfutils-libs expat zlib bubblewrap qemu-system-arm qemu-system-riscv
TEXT
}
fail() { echo "install.sh: $*" >&2; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
prefix='' systemd='' uninstall=''
while [ $# -gt 0 ]; do
  case "$1" in
  --prefix) [ $# -gt 1 ] || fail "--prefix needs a folder"; prefix=$2; shift ;;
  --prefix=*) prefix=${1#*=} ;;
  --systemd) systemd=1 ;;
  --uninstall) uninstall=1 ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
  esac
  shift
done
if [ -z "$prefix" ]; then
  if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=$HOME/.local; fi
fi
case "$prefix" in /*) ;; *) prefix=$PWD/$prefix ;; esac
manifest=$prefix/share/virserver/files
unit=/etc/systemd/system/virserver.service

if [ -n "$uninstall" ]; then
  [ -f "$manifest" ] || fail "$manifest is missing: nothing was installed below $prefix"
  if [ -f "$unit" ] && grep -q "ExecStart=$prefix/bin/virserver " "$unit"; then
    if [ -d /run/systemd/system ]; then systemctl disable --now virserver.service || true; fi
    rm -f "$unit"
    if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
  fi
  while read -r file; do rm -f "$prefix/$file"; done <"$manifest"
  # Folders that are empty now, the deepest first; others' stay.
  sed 's|/[^/]*$||' "$manifest" | awk '{ n = split($0, part, "/"); path = ""; for (i = 1; i <= n; i++) { path = path (i > 1 ? "/" : "") part[i]; print path } }' |
    sort -ru | while read -r folder; do rmdir "$prefix/$folder" 2>/dev/null || true; done
  rm -f "$manifest"
  rmdir "$prefix/share/virserver" 2>/dev/null || true
  echo "VirServer is gone from $prefix. Boards' data (/var/lib/virserver, ~/.local/share/virserver) and settings were left."
  exit 0
fi

[ "$(uname -m)" = "$(cat "$here/share/machine")" ] || fail "this archive is for $(cat "$here/share/machine"), this computer is $(uname -m)"
missing=$(LC_ALL=C ldd "$here/bin/virserver" "$here/bin/virctl" 2>&1 | sed -n 's/^[[:space:]]*\(.*\) => not found.*/\1/p; s/.*version .\(GLIBC[A-Z_0-9.]*\). not found.*/\1/p' | sort -u | tr '\n' ' ')
if [ -n "$missing" ]; then
  usage | sed -n '/^Needs/,$p' >&2
  fail "this computer lacks: $missing"
fi

mkdir -p "$prefix/share/virserver" || fail "cannot write below $prefix; run it as root or give --prefix"
if [ -f "$manifest" ]; then  # what an older version had and this one has not
  while read -r file; do grep -qxF "$file" "$here/share/files" || rm -f "$prefix/$file"; done <"$manifest"
fi
while read -r file; do
  mkdir -p "$prefix/$(dirname "$file")"
  cp -p "$here/$file" "$prefix/$file.new"
  mv "$prefix/$file.new" "$prefix/$file"  # a running program keeps its old file
done <"$here/share/files"
cp "$here/share/files" "$manifest"

if [ -n "$systemd" ]; then
  [ "$(id -u)" = 0 ] || fail "--systemd needs root"
  id virserver >/dev/null 2>&1 || useradd --system --user-group --home-dir /var/lib/virserver --no-create-home --shell /usr/sbin/nologin virserver
  mkdir -p "$prefix/etc"
  [ -e "$prefix/etc/virserver.conf" ] || cp "$here/share/virserver.conf" "$prefix/etc/virserver.conf"
  sed -e "s|@bindir@|$prefix/bin|; s|@sysconfdir@|$prefix/etc|" "$here/share/virserver.service.in" >"$unit"
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl enable virserver.service
    systemctl restart virserver.service
  fi
fi
echo "VirServer $("$prefix/bin/virserver" --version | sed 's/.* //') is installed in $prefix."
command -v qemu-system-arm >/dev/null || echo "No qemu-system-arm was found: boards need QEMU (install.sh --help)."
case ":$PATH:" in *":$prefix/bin:"*) ;; *) echo "Add $prefix/bin to PATH." ;; esac
