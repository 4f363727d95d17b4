# shellcheck shell=bash
# Where things are. Everything that can be made again and may be shared by clones lies in the cache;
# everything that belongs to one running cluster lies in the state folder of its instance.

readonly CACHE=${BERTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/berth}
readonly INSTANCE=${BERTH_INSTANCE:-berth}
readonly STATE_ROOT=${BERTH_STATE:-/var/lib/berth}
readonly STATE=$STATE_ROOT/$INSTANCE
readonly LOG_DIR=$ROOT/build/log/$INSTANCE
readonly BUILD=$ROOT/build/default

# hash_of FILE...: a short digest of names (relative to the clone) and contents; folders count whole.
hash_of() {
  (cd "$ROOT" && find "$@" -type f -print0 | sort -z | xargs -0 sha256sum) | hash_text
}

# hash_text: a short digest of what is read.
hash_text() {
  sha256sum | cut -c1-12
}

# with_lock NAME COMMAND...: runs COMMAND while no other clone runs one under the same NAME.
with_lock() {
  local name=$1
  shift
  mkdir -p "$CACHE/locks"
  (
    flock 9
    "$@"
  ) 9>"$CACHE/locks/$name"
}
