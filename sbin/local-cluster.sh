#!/usr/bin/env bash
# A cluster on this machine; see --help.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
node="$(ringtide_node)"
exec "$node" --disable-warning=ExperimentalWarning "$RINGTIDE_HOME/packages/cli/src/local-cluster/main.ts" "$@"
