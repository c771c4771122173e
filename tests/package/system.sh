#!/usr/bin/env bash
# The packages in a Debian that really boots: its own systemd, in a container of its own without network.
. tests/package/lib.sh
root=$work/system
deb=$(echo build/package/virserver_*.deb)
tarball=$(echo build/package/virserver-*.tar.xz)
container=

stop() {
  [[ -z $container ]] || ! kill -0 "$container" 2>/dev/null || { kill -TERM "$container"; wait "$container" || true; }
}
trap stop EXIT

# inside command...: in the booted system, as root.
inside() { nsenter --target "$leader" --all --wdns=/ env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"; }
# In the same files, with this machine's network.
install_packages() {
  chroot "$root" apt-get install -y -q --no-install-recommends "$@" >"$work/apt.log" 2>&1 || { tail -30 "$work/apt.log" >&2; return 1; }
}

check "lintian is content" lintian --allow-root --fail-on error,warning "$deb"

base_system
rm -rf "$root"
cp -a "$work/base" "$root"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$deb" "$root/root/virserver.deb"
cp "$micropython" "$root/root/firmware.hex"
tar -C "$root/root" -xf "$tarball"
folder=/root/$(basename "$tarball" .tar.xz)
check_says libsqlite3.so.0 "the tarball's install.sh names the libraries that are missing" fails chroot "$root" "$folder/install.sh"

chroot "$root" apt-get update -q >"$work/apt.log" 2>&1
install_packages systemd systemd-sysv dbus man-db- bash-completion qemu-system-arm procps
check "the .deb installs where no systemd runs" install_packages /root/virserver.deb

# The whole boot belongs to the test: systemd as process 1, loopback as the only network.
boot() {
  systemd-nspawn --quiet --directory="$root" --boot --register=no --keep-unit --private-network --console=pipe </dev/null >"$work/boot.log" 2>&1 &
  container=$!
  eventually 30 pgrep -P "$container"
  leader=$(pgrep -P "$container")
  eventually 60 inside systemctl is-system-running
}

boot
check "the system boots" inside systemctl is-system-running
check "the unit starts at boot" inside systemctl is-active virserver.service
check "systemd has nothing to say against the unit" inside systemd-analyze verify --man=no /usr/lib/systemd/system/virserver.service
eventually 30 inside virctl session list
check_says '"status":"full"' "emulators get the full sandbox under the unit's hardening" inside virctl doctor --json
check_says virserver "it runs as its own user" inside ps -o user= -C virserver
check_says 42 "a board boots and answers" inside virctl run /root/firmware.hex --board microbit --name first --keep \
  --input 'print(6*7)\r' --until '/^42\r?$/' --timeout 60s

emulator() { inside pgrep -x qemu-system-arm || inside pgrep -f /qemu-system-arm; }
first=$(emulator | tail -1)
still() { [[ $(emulator | tail -1) == "$first" ]] && [[ $(inside virctl session list --json | jq -r '.items[0].status') == running ]]; }
inside systemctl restart virserver.service
eventually 30 inside virctl session list
check "a restart leaves the board running" eventually 10 still
inside systemctl kill --kill-whom=main --signal=SIGKILL virserver.service
eventually 30 inside virctl session list
check "so does a crash, after which systemd starts the server again" eventually 10 still
check_says 1764 "the board answers the new server" inside bash -c "printf 'print(42*42)\r' | virctl console first --since now --timeout 3s"

# Upgrade: the same files under a higher version.
echo 'max-sessions = 7' >>"$root/etc/virserver.conf"
dpkg-deb -R "$deb" "$work/newer"
sed -i 's/^Version: .*/&+newer/' "$work/newer/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/newer" "$root/root/newer.deb" >/dev/null
rm -rf "$work/newer"
check "an upgrade installs" inside dpkg -i /root/newer.deb
eventually 30 inside virctl session list
check "and leaves the board running" eventually 10 still
check "and the changed settings as they are" grep -q '^max-sessions = 7' "$root/etc/virserver.conf"
check_says power "bash completes virctl's commands" inside bash -c \
  '. /usr/share/bash-completion/bash_completion; . /usr/share/bash-completion/completions/virctl; COMP_WORDS=(virctl pow) COMP_CWORD=1; _virctl; echo "${COMPREPLY[@]}"'
check "the manual pages are there" test -s "$root/usr/share/man/man1/virctl.1.gz" -a -s "$root/usr/share/man/man1/virserver.1.gz"

check "it is removed" inside apt-get remove -y -q virserver
check "no process of it is left, boards included" fails inside pgrep -u virserver
check "its data stay" test -e "$root/var/lib/virserver/virserver.db"
check "it is purged" inside apt-get purge -y -q virserver
check "then the data go" fails test -e "$root/var/lib/virserver"
check "and the settings" fails test -e "$root/etc/virserver.conf"
check "and the user" fails inside id virserver

# The tarball on a system that has none of Debian's packages for it.
inside apt-get autoremove -y -q --purge >/dev/null
check "Debian's boost and fmt are gone" fails bash -c "ls $root/usr/lib/*/libboost_json* $root/usr/lib/*/libfmt*"
install_packages libssl3 libsqlite3-0 libelf1 libdw1 libexpat1 zlib1g libstdc++6 bubblewrap
check "install.sh installs below a prefix" inside "$folder/install.sh" --prefix /opt/vs --systemd
eventually 30 inside /opt/vs/bin/virctl session list
check_says '"status":"full"' "its unit runs the server with the full sandbox" inside /opt/vs/bin/virctl doctor --json
check_says 42 "a board boots" inside /opt/vs/bin/virctl run /root/firmware.hex --board microbit --input 'print(6*7)\r' --until '/^42\r?$/' --timeout 60s
check "installing again is an update" inside "$folder/install.sh" --prefix /opt/vs --systemd
check "install.sh removes what it installed" inside "$folder/install.sh" --uninstall --prefix /opt/vs
check_says /opt/vs/etc/virserver.conf "and leaves the settings only" inside find /opt/vs -type f
check "the unit is gone" fails inside systemctl cat virserver.service

stop
rm -rf "$root"
echo "$passed passed, 0 failed"
