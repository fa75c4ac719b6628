#!/usr/bin/env bash
# Starts a node in the foreground; see --help.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
node="$(ringtide_node)"
exec "$node" --disable-warning=ExperimentalWarning "$RINGTIDE_HOME/packages/server/src/main.ts" "$@"
