# shellcheck shell=bash
# ./dev check: formatting, static analysis, the contract, the direction of includes.

# Where the distribution keeps google/rpc/*.proto.
readonly GOOGLEAPIS=/usr/share/gocode/src/github.com/gogo/googleapis

run_checks() {
  step "Distribution's packages" ensure_packages
  step 'Formatting' check_format
  step 'Shell scripts' check_shell
  step 'Direction of includes' check_includes
  step 'Generated code' build berth_proto berth_protoset
  step 'buf' ensure_programs check
  BIN=$(programs_folder)
  step 'Contract: style' check_contract_style
  step 'Contract: compatibility' check_contract_compatibility
  step 'Static analysis (clang-tidy)' check_tidy
}

# cpp_files: sources and headers of ours, relative to the root.
cpp_files() {
  git -C "$ROOT" ls-files --cached --others --exclude-standard '*.cc' '*.h'
}

format_sources() {
  (cd "$ROOT" && cpp_files | xargs clang-format -i)
}

check_format() {
  (cd "$ROOT" && cpp_files | xargs clang-format --dry-run -Werror)
}

check_shell() {
  # The files that ./dev reads are checked as parts of it.
  (cd "$ROOT" && shellcheck --external-sources --check-sourced dev .ci/run)
}

check_includes() {
  python3 "$ROOT/tests/include_direction.py"
}

check_contract_style() {
  "$BIN/buf" lint "$BUILD/berth.binpb" --path berth --config '{"version": "v1", "lint": {"use": ["STANDARD", "COMMENTS"]}}'
}

check_contract_compatibility() {
  local baseline=$ROOT/proto/baseline.binpb
  [[ -e $baseline ]] || {
    echo 'there is no baseline yet'
    return
  }
  "$BIN/buf" breaking "$BUILD/berth.binpb" --against "$baseline" --path berth \
    --config '{"version": "v1", "breaking": {"use": ["FILE"]}}'
}

check_tidy() {
  local venv
  venv=$CACHE/python/check-$(hash_of deploy/tools/check-requirements.txt)
  with_lock python make_venv "$venv" -r "$ROOT/deploy/tools/check-requirements.txt"
  cmake --preset default -S "$ROOT" >/dev/null
  mkdir -p "$CACHE/tidy"
  python3 "$ROOT/deploy/tools/tidy.py" "$venv/bin/clang-tidy" "$ROOT" "$BUILD" "$CACHE/tidy"
}
