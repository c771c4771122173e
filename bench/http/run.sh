#!/bin/sh
# Small GETs with keep-alive, 64 connections: VirServer's HTTP server over Go's net/http, alternating runs.
# usage: bench/http/run.sh PATH-TO-bench_http [ROUNDS] [SECONDS]
set -eu
program=$1 rounds=${2:-5} seconds=${3:-3}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
go build -o "$work/baseline" "$here/main.go"
"$program" 18481 "$work/ours.log" & ours=$!
"$work/baseline" 18482 "$work/go.log" & baseline=$!
trap 'kill $ours $baseline 2>/dev/null || true; rm -rf "$work"' EXIT
measure() { wrk -t1 -c64 -d"$2s" "http://127.0.0.1:$1/api/v1/sessions/ses-01?limit=20" | awk '/Requests\/sec/ {print $2} /Non-2xx|Socket errors/ {print "errors: " $0 > "/dev/stderr"}'; }
until curl -sf -o "$work/a" http://127.0.0.1:18481/api/v1/sessions/ses-01?limit=20; do kill -0 $ours; done
until curl -sf -o "$work/b" http://127.0.0.1:18482/api/v1/sessions/ses-01?limit=20; do kill -0 $baseline; done
cmp "$work/a" "$work/b" || { echo "the answers differ" >&2; exit 1; }
round=0
while [ $round -lt "$rounds" ]; do
  a=$(measure 18481 "$seconds"); b=$(measure 18482 "$seconds")
  echo "$a $b"
  round=$((round + 1))
done | awk '{ printf "virserver %.0f/s  go %.0f/s  ratio %.2f\n", $1, $2, $1 / $2; a += $1; b += $2 } END { printf "http small GET: ratio %.2f\n", a / b }'
