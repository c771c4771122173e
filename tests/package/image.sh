#!/usr/bin/env bash
# The container image, built from the Dockerfile by buildah on a fresh Debian instead of debian:12-slim, and run as a
# container: as its user, in namespaces of its own, with and without the system calls that Docker's profile forbids.
. tests/package/lib.sh
limit=500000000
export BUILDAH_ISOLATION=chroot
buildah() { command buildah --storage-driver vfs --root "$work/containers" --runroot "$work/containers-run" "$@"; }
container=

stop() {
  [[ -z $container ]] || ! kill -0 "$container" 2>/dev/null || { kill -KILL "$server" 2>/dev/null; wait "$container" || true; }
  [[ -z ${made:-} ]] || buildah umount "$made" >/dev/null 2>&1 || true
  rm -rf "$work/containers" "$work/containers-run"
}
trap stop EXIT

base_system
rm -rf "$work/containers" "$work/containers-run"
made=$(buildah from scratch)
cp -a "$work/base/." "$(buildah mount "$made")"
buildah umount "$made" >/dev/null
buildah commit -q --disable-compression "$made" localhost/debian >/dev/null
buildah rm "$made" >/dev/null
check "the image builds from the Dockerfile" buildah build --format docker --layers=false \
  --build-arg BASE=localhost/debian --build-arg PACKAGE=local -t localhost/virserver .
made=$(buildah from localhost/virserver)
root=$(buildah mount "$made")

size=$(du -sB1 --apparent-size "$root" | cut -f1)
echo "the image has $((size / 1000000)) MB (limit $((limit / 1000000))), $(tar -C "$root" -c . | gzip -1 | wc -c | awk '{ printf "%d", $1 / 1000000 }') MB compressed; the base has $(($(du -sB1 --apparent-size "$work/base" | cut -f1) / 1000000)) MB"
check "the image is below its limit" test "$size" -lt "$limit"
buildah inspect --type image localhost/virserver | jq .Docker.config >"$work/image.json"
config() { jq -er "$1" "$work/image.json"; }
check_says 990:990 "it runs as an ordinary user" config .User
check_says 8080/tcp "its port is named" config '.ExposedPorts | keys[]'
check_says /var/lib/virserver "its data are a volume" config '.Volumes | keys[]'
check_says SIGTERM "it is stopped by SIGTERM" config .StopSignal
check_says /health/live "its health check asks /health/live" config '.Healthcheck.Test | last'
mapfile -t environment < <(config '.Env[] | "--setenv=" + .')
mapfile -t command < <(config '.Cmd[]')
mapfile -t health < <(config '.Healthcheck.Test[1:][]')
check_says 127.0.0.1:8080:8080/tcp "docker-compose.yml is valid and publishes the port on loopback alone" docker-compose config
cp "$micropython" "$root/opt/firmware.hex"

# run [options...]: starts the image's command as a container does.
run() {
  systemd-nspawn --quiet --directory="$root" --register=no --keep-unit --private-network --as-pid2 --user=virserver \
    --drop-capability=all --no-new-privileges=yes --console=pipe "${environment[@]}" "$@" "${command[@]}" </dev/null >"$work/container.log" 2>&1 &
  container=$!
  eventually 20 find_server
  server=$(find_server)
}
find_server() { pgrep -P "$(pgrep -P "$container" | head -1)" -x virserver; }
# inside command...: as `docker exec` does.
inside() { nsenter --target "$server" --all --root --wdns=/ setpriv --reuid 990 --regid 990 --clear-groups env -i PATH=/usr/bin:/bin "$@"; }
# As `docker stop` does.
end_of_container() {
  local status=0
  kill -TERM "$server"
  wait "$container" || status=$?
  check "it stops in order" test "$status" = 0
}
board() { inside virctl run /opt/firmware.hex --board microbit --input 'print(6*7)\r' --until '/^42\r?$/' --timeout 60s "$@"; }

run --system-call-filter='~unshare ~setns ~mount ~umount2 ~pivot_root'
check "its health check succeeds" eventually 30 inside "${health[@]}"
check_says virserver "the server is nobody else" ps -o comm= -p "$server" --user 990
check_says "container's security profile forbids namespaces" "where a profile forbids namespaces it says what and why" inside virctl doctor
check_says '"status":"reduced"' "and uses the reduced sandbox" inside virctl doctor --json
for template in $(inside virctl board list --json | jq -r '.items[] | select(.backends | index("qemu")) | .id'); do
  inside virctl board check "$template" >"$work/check.log" 2>&1 || { echo "$template cannot run in the image:" && cat "$work/check.log"; }
done >"$work/templates.log"
check "every board of the library that QEMU has can run" test ! -s "$work/templates.log"
check_says 42 "a board boots there" board --name kept --keep
end_of_container
check_says stopping "and says so" cat "$work/container.log"

run
check "it starts again on its data" eventually 30 inside "${health[@]}"
check_says kept "the session is still there" inside virctl session list
check_says '"status":"full"' "where namespaces are allowed it uses the full sandbox" inside virctl doctor --json
check_says 42 "a board boots there too" board
end_of_container
echo "$passed passed, 0 failed"
