# shellcheck shell=bash
# Compiling Berth.

export CCACHE_DIR=$CACHE/ccache

# build [TARGET...]: with the preset `default`.
build() {
  build_preset default "$@"
}

# build_preset PRESET [TARGET...]
build_preset() {
  local preset=$1
  shift
  (
    cd "$ROOT"
    [[ -e build/$preset/build.ninja ]] || cmake --preset "$preset"
    cmake --build --preset "$preset" ${1:+--target "$@"}
  )
}
