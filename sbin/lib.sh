# Shared by the scripts: finds the project and its Node. Sourced, not run.
RINGTIDE_HOME="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# fsync, LevelDB and DNS share libuv's threads: one hung disk must not stop the others.
export UV_THREADPOOL_SIZE="${UV_THREADPOOL_SIZE:-16}"

# Prints the Node to run with: the one that npm installed with the project.
ringtide_node() {
  local node="$RINGTIDE_HOME/node_modules/.bin/node"
  if [ ! -x "$node" ]; then
    echo "Ringtide is not installed yet: run 'npm ci' in $RINGTIDE_HOME" >&2
    exit 1
  fi
  echo "$node"
}
