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
  sbin/quickstart.sh --stop
HELP
    exit 0
  fi
done
cd "$RINGTIDE_HOME"

# npm writes this file last: older than the lock file, or missing, means that the installation is not this version's.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  if ! command -v npm >/dev/null; then
    echo "npm is needed to install Ringtide: get Node.js 20 or newer from https://nodejs.org" >&2
    exit 1
  fi
  echo "installing the packages that Ringtide needs (npm ci) ..."
  if ! npm ci --no-progress; then
    echo "npm ci failed: look at its message above; is the npm registry reachable?" >&2
    exit 1
  fi
fi

node="$(ringtide_node)"
exec "$node" --disable-warning=ExperimentalWarning "$RINGTIDE_HOME/packages/cli/src/quickstart/main.ts" "$@"
