#!/bin/sh
# Usage: talk.sh FIRMWARE [BOARD]: boots it, asks for its version, resets it, asks again.
set -eu
firmware=${1:?usage: talk.sh FIRMWARE [BOARD]}
board=${2:-mps2-an385}

id=$(virctl session create --board "$board" --label example:talk --ttl 10m --json | jq -r .id)
trap 'virctl session delete "$id" >/dev/null' EXIT
trap 'exit 130' INT TERM

# ask TEXT EXPECTED: types a line, and waits up to 10 s for the answer.
ask() {
  from=$(virctl logs "$id" --console uart0 | wc -c)
  printf '%s\r' "$1" | virctl console "$id" --no-wait >/dev/null
  tries=0
  until virctl logs "$id" --console uart0 --since "$from" | tr -d '\r' | grep -q "$2"; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
      echo "talk.sh: the board did not answer '$1' with '$2'; it said:" >&2
      virctl logs "$id" >&2
      exit 1
    fi
    sleep 0.1
  done
  echo "$1: ok"
}

virctl program upload "$id" "$firmware"
virctl power on "$id"
ask version '^VirServer hello 1 on'
ask 'count 3' '^line 3$'

virctl power reset "$id"
ask version '^VirServer hello 1 on'
