#!/usr/bin/env bash
# Installs what is missing through npm, then shows a three-node cluster with real data; see --help.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# Asking for help installs nothing.
for argument in "$@"; do
  if [ "$argument" = --help ] || [ "$argument" = -h ]; then
    cat <<'HELP'
Usage: quickstart.sh [--dir DIR] [--stop]

Three nodes with real data on this machine, in a minute; can be run again at any time. Installs through npm what is missing.

  --dir DIR   directory of the cluster (default: .quickstart in the project's directory)
  --stop      stop what an earlier run started, and remove its data

Examples:
  sbin/quickstart.sh
  sbin/quickstart.sh --dir /var/tmp/ringtide
  sbin/quickstart.sh --stop
HELP
    exit 0
  fi
done

# npm writes this file last: older than the lock file, or missing, means that the installation is not this version's.
installed="$RINGTIDE_HOME/node_modules/.package-lock.json"
if [ ! -e "$installed" ] || [ "$RINGTIDE_HOME/package-lock.json" -nt "$installed" ]; then
  major="$(machine_node_major || true)"
  if [ -z "$major" ] || [ "$major" -lt 20 ] || ! command -v npm >/dev/null; then
    echo "Node.js 20 or newer and its npm are needed to install Ringtide: get them from https://nodejs.org" >&2
    exit 1
  fi
  echo "installing the packages that Ringtide needs (npm ci) ..."
  if ! (cd "$RINGTIDE_HOME" && npm ci --no-progress --no-audit --no-fund); then
    echo "npm ci failed: its message is above. Is the npm registry reachable, and may you write to $RINGTIDE_HOME?" >&2
    exit 1
  fi
fi

node="$(ringtide_node)"
exec "$node" --disable-warning=ExperimentalWarning "$RINGTIDE_HOME/packages/cli/src/quickstart/main.ts" "$@"
