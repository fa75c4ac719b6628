#!/usr/bin/env bash
# Stops the nodes that were started from a directory; see --help.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: stop-node.sh [--home DIR]

Stops the nodes that were started from a directory, cleanly (SIGTERM), and waits until they have ended. Their files in DIR/run say
which these are; no other node is touched.

  --home DIR   the --home of start-node.sh: by default the directory that it was started in (default: the current one)

Examples:
  sbin/stop-node.sh
  sbin/stop-node.sh --home /var/lib/ringtide
HELP
}

# True while the process of that pid is a node of ours: the pid may belong to another program by now.
is_node() {
  if [ -e /proc/self/cmdline ]; then
    tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -q 'packages/server/src/main.ts'
  else
    ps -p "$1" -o args= | grep -q 'packages/server/src/main.ts'
  fi
}

home="."
case "${1:-}" in
  "") ;;
  --home) home="${2:?--home needs a directory}" ;;
  --help | -h) usage; exit 0 ;;
  *) usage >&2; exit 1 ;;
esac

stopped=0
for file in "$home"/run/node-*.json; do
  [ -e "$file" ] || continue
  pid="$(sed -n 's/.*"pid":\([0-9]*\).*/\1/p' "$file")"
  if [ -n "$pid" ] && is_node "$pid" 2>/dev/null; then
    kill -TERM "$pid"
    for _ in $(seq 1 300); do
      is_node "$pid" 2>/dev/null || break
      sleep 0.1
    done
    if is_node "$pid" 2>/dev/null; then
      echo "node $pid did not stop within 30 s" >&2
      exit 1
    fi
    echo "stopped node $pid"
    stopped=$((stopped + 1))
  fi
  rm -f "$file"
done
[ "$stopped" -gt 0 ] || echo "no node of $home runs"
