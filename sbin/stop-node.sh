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

# When the process of that pid was started, as the node writes it into its run file.
start_of() {
  if [ -e /proc/self/stat ]; then
    # The 22nd field: the 20th after the program's name, which is in parentheses and may hold spaces.
    sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20
  else
    LC_ALL=C TZ=UTC ps -p "$1" -o lstart= | sed 's/^ *//; s/ *$//'
  fi
}

# True while the process of that pid and start is a node: the pid may belong to another program by now, or to another node.
is_node() {
  [ -n "$2" ] && [ "$(start_of "$1")" = "$2" ] || return 1
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
  start="$(sed -n 's/.*"processStart":"\([^"]*\)".*/\1/p' "$file")"
  if [ -n "$pid" ] && is_node "$pid" "$start" 2>/dev/null; then
    kill -TERM "$pid"
    for _ in $(seq 1 300); do
      is_node "$pid" "$start" 2>/dev/null || break
      sleep 0.1
    done
    if is_node "$pid" "$start" 2>/dev/null; then
      echo "node $pid did not stop within 30 s" >&2
      exit 1
    fi
    echo "stopped node $pid"
    stopped=$((stopped + 1))
  fi
  rm -f "$file"
done
[ "$stopped" -gt 0 ] || echo "no node of $home runs"
