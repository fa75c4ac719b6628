# Shared by the scripts: finds the project and its Node. Sourced, not run.
RINGTIDE_HOME="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
RINGTIDE_NODE_MAJOR=24
# fsync, LevelDB and DNS share libuv's threads: one hung disk must not stop the others.
export UV_THREADPOOL_SIZE="${UV_THREADPOOL_SIZE:-16}"

# The major version of the machine's own Node; nothing when there is none.
machine_node_major() {
  command -v node >/dev/null && node --version 2>/dev/null | sed -n 's/^v\([0-9]*\)\..*/\1/p'
}

# Prints the Node to run with: the one that npm installed with the project; where npm has none for this system, the machine's own.
ringtide_node() {
  local node="$RINGTIDE_HOME/node_modules/.bin/node"
  if [ ! -e "$RINGTIDE_HOME/node_modules/.package-lock.json" ]; then
    echo "Ringtide is not installed yet: run 'npm ci' in $RINGTIDE_HOME" >&2
    exit 1
  fi
  if [ ! -x "$node" ]; then
    local major
    major="$(machine_node_major || true)"
    if [ -z "$major" ] || [ "$major" -lt "$RINGTIDE_NODE_MAJOR" ]; then
      echo "npm installed no Node.js for this system: Node.js $RINGTIDE_NODE_MAJOR or newer has to be on the PATH (https://nodejs.org)" >&2
      exit 1
    fi
    node="$(command -v node)"
  fi
  echo "$node"
}
