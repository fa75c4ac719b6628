#!/usr/bin/env bash
# Stops the nodes that were started from this directory, cleanly (SIGTERM), and waits until they have ended.
# Usage: stop-node.sh [--home DIR]     DIR: the directory that start-node.sh was started in (default: the current one)
set -euo pipefail
home="."
case "${1:-}" in
  "") ;;
  --home) home="${2:?--home needs a directory}" ;;
  *) sed -n '2,3p' "${BASH_SOURCE[0]}" | cut -c3-; exit "$([ "$1" = --help ] && echo 0 || echo 1)" ;;
esac

stopped=0
for file in "$home"/run/node-*.json; do
  [ -e "$file" ] || continue
  pid="$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$file")"
  # The pid may belong to another program by now: only a node of ours is stopped.
  if [ -n "$pid" ] && ps -p "$pid" -o args= 2>/dev/null | grep -q 'packages/server/src/main.ts'; then
    kill -TERM "$pid"
    for _ in $(seq 1 300); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    if kill -0 "$pid" 2>/dev/null; then
      echo "node $pid did not stop within 30 s" >&2
      exit 1
    fi
    echo "stopped node $pid"
    stopped=$((stopped + 1))
  fi
  rm -f "$file"
done
[ "$stopped" -gt 0 ] || echo "no node of $home runs"
