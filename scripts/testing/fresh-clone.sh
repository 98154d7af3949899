#!/usr/bin/env bash
# What a stranger does: a fresh clone of HEAD, the README's two commands, a page. As whoever calls it, and, when that is
# root, once more as a plain user in the same folder after root ran them. Prints how long the first page took.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source_repository=$PWD
folder=$(mktemp -d -t worldline-clone-XXXXXX)
port=${1:-3777}
server=
finish() {
  if [ -n "$server" ]; then kill -TERM "$server" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap finish EXIT

# Starts the console as $1 and waits, at most $2 s, for its first page; prints "$3: N.N s".
first_page() {
  local as=$1 limit=$2 what=$3 begun now
  begun=$(date +%s.%N)
  if [ "$as" = "$(id -un)" ]; then npm start -- --port "$port" >"$folder/log" 2>&1 & else
    runuser -u "$as" -- env HOME="$folder/home" npm start -- --port "$port" >"$folder/log" 2>&1 &
  fi
  server=$!
  until curl -sf -o /dev/null "http://127.0.0.1:$port/"; do
    now=$(date +%s.%N)
    if ! kill -0 "$server" 2>/dev/null || awk "BEGIN { exit !($now - $begun > $limit) }"; then
      echo "$what: no page within $limit s"
      tail -n 20 "$folder/log"
      exit 1
    fi
    sleep 0.1
  done
  echo "$what: $(awk "BEGIN { printf \"%.1f\", $(date +%s.%N) - $begun }") s (at most $limit s)"
  pkill -TERM -f "server/main.ts --port $port" || true
  wait "$server" || true
  server=
}

git clone -q "$source_repository" "$folder/worldline"
cd "$folder/worldline"
chmod 755 "$folder"
npm ci --no-audit --no-fund >"$folder/npm.log" 2>&1 || { tail -n 20 "$folder/npm.log"; exit 1; }
first_page "$(id -un)" 90 "first page, with the build, as $(id -un)"
first_page "$(id -un)" 3 "first page, built, as $(id -un)"
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$folder/home"
  chown -R nobody "$folder/home"
  first_page nobody 3 "first page, built by root, as nobody"
  chown -R nobody "$folder/worldline"
  rm -rf .next node_modules data
  runuser -u nobody -- env HOME="$folder/home" npm_config_cache="$folder/home/.npm" npm ci --no-audit --no-fund >"$folder/npm.log" 2>&1 || { tail -n 20 "$folder/npm.log"; exit 1; }
  first_page nobody 90 "first page, with the build, as nobody"
fi
