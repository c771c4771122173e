#!/usr/bin/env bash
# For the tests of the packages: fresh Debian systems, and checks that say what they found.
# Sourced by the scripts here with the repository's root as working directory.
set -euo pipefail
work=$PWD/build/package/test
suite=bookworm
mirror=$(scripts/debian-mirror "$suite")
micropython=/usr/share/firmware-microbit-micropython/firmware.hex
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
passed=0

# check "what is expected" command...: the command must succeed. Its output shows only when it does not.
check() { check_says "" "$@"; }
# check_says TEXT "what is expected" command...: it must succeed and print TEXT.
check_says() {
  local text=$1 what=$2 output status=0
  shift 2
  output=$("$@" 2>&1 | tr -d '\0') || status=$?
  if ((status == 0)) && [[ $output == *"$text"* ]]; then
    passed=$((passed + 1))
    echo "ok: $what"
  else
    printf 'FAILED: %s\n  by: %s (status %d)\n%s\n' "$what" "$*" "$status" "$output" >&2
    exit 1
  fi
}
fails() { ! "$@"; }

# eventually SECONDS command...: until it succeeds.
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || { echo "not within its time: $*" >&2; "$@"; return 1; }
    sleep 0.2
  done
}

# A minimal Debian in $work/base, made once.
base_system() {
  [[ -e $work/base/.complete ]] && return
  rm -rf "$work/base"
  mkdir -p "$work"
  echo "making a fresh Debian ($suite) from $mirror"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$work/base" "$mirror" >"$work/debootstrap.log" 2>&1 ||
    { tail -20 "$work/debootstrap.log" >&2; return 1; }
  rm -rf "$work"/base/var/cache/apt/archives/*.deb "$work"/base/var/lib/apt/lists/*
  touch "$work/base/.complete"
}
