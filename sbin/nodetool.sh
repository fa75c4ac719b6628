#!/usr/bin/env bash
# Looks into a cluster; see --help.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
node="$(ringtide_node)"
exec "$node" --disable-warning=ExperimentalWarning "$RINGTIDE_HOME/packages/nodetool/src/main.ts" "$@"
