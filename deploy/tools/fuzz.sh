# shellcheck shell=bash
# ./dev fuzz: libFuzzer on the targets of tests/fuzz.

readonly FUZZ_BUILD=$ROOT/build/fuzz

# run_fuzz [TARGET] [SECONDS]: every target or one. What ends in a finding is left in a file whose
# name is printed: once the bug is mended, it belongs into the target's corpus.
run_fuzz() {
  local only=${1:-} seconds=${2:-60} target failed=0
  step 'Packages of Clang' ensure_fuzz_packages
  step 'Fuzz targets' build_preset fuzz "${only:+fuzz_}${only:-berth_fuzz}"
  for target in $(fuzz_targets); do
    [[ -z $only || $only == "$target" ]] || continue
    printf '\nfuzz_%s, %s s\n' "$target" "$seconds"
    fuzz_target "$target" "$seconds" || failed=1
  done
  return "$failed"
}

# fuzz_targets: their names; each has a folder of inputs.
fuzz_targets() {
  (cd "$ROOT/tests/fuzz/corpus" && ls)
}

# fuzz_target NAME SECONDS: begins with the committed inputs and with what earlier runs have kept.
fuzz_target() {
  local name=$1 seconds=$2 kept=$FUZZ_BUILD/corpus/$1
  mkdir -p "$kept" "$FUZZ_BUILD/findings"
  nice "$FUZZ_BUILD/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -max_len=65536 -verbosity=0 -artifact_prefix="$FUZZ_BUILD/findings/$name-" \
    "$kept" "$ROOT/tests/fuzz/corpus/$name"
}
