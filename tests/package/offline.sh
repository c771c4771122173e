#!/usr/bin/env bash
# Two promises of the Makefile: without apt it names the container, and after `make deps` nothing needs the network.
. tests/package/lib.sh

# A PATH that has everything but apt.
mkdir -p "$work/no-apt"
find /usr/bin /bin -maxdepth 1 ! -name 'apt*' ! -type d -exec ln -sf -t "$work/no-apt" {} +
check_says "docker-compose up -d" "make demo without apt names the container command" fails env PATH="$work/no-apt" make demo
rm -rf "$work/no-apt"

# Configuring and building from nothing, and tests, in a namespace without network.
offline() { unshare --net bash -c 'ip link set lo up && exec "$@"' offline "$@"; }
check "there is no network" fails offline curl -fsS --max-time 5 "$mirror/"
check "make deps is content" offline make deps
rm -rf "$work/offline"
check "it configures" offline cmake --preset dev -B "$work/offline"
check "libraries, web pages, firmware and tests build" offline cmake --build "$work/offline" --parallel "$(nproc)" \
  --target virserver-shim vs_web unit_base unit_docs firmware_microbit
check "unit tests pass" offline ctest --test-dir "$work/offline" -R '^(Documents|Bytes|Text|Translation)' --output-on-failure
check "the release build is up to date or builds" offline scripts/build release virserver virctl virserver-shim firmware
check "end-to-end tests pass" offline ctest --test-dir build/release -R '^e2e\.smoke$' --output-on-failure
rm -rf "$work/offline"
echo "$passed passed, 0 failed"
