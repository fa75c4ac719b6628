#!/usr/bin/env bash
# The SQL shell; see --help.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
node="$(ringtide_node)"
exec "$node" --disable-warning=ExperimentalWarning "$RINGTIDE_HOME/packages/cli/src/shell/main.ts" "$@"
