# shellcheck shell=bash
# ./dev test: unit tests, integration tests (a real etcd and kube-apiserver), a few seconds of each
# fuzz target, and end-to-end tests (the whole cluster).

readonly BRIEF_FUZZING=5 # seconds

# run_tests [FILTER] [--sanitizer=NAME]: all of them, whatever fails on the way.
run_tests() {
  local filter='' preset=default argument was_up='' failed=0
  for argument in "$@"; do
    case $argument in
      --sanitizer=asan | --sanitizer=tsan) preset=${argument#*=} ;;
      -*) die "no such option: $argument" ;;
      *) filter=$argument ;;
    esac
  done
  if [[ $preset != default ]]; then
    make_ready tests build_preset "$preset"
    run_ctest "$preset" "$filter"
    return
  fi
  [[ ! -e $STATE ]] || was_up=yes
  make_ready all build
  # The cluster comes after these, for it takes a good part of a small machine.
  run_ctest default "$filter" || failed=$?
  [[ $filter ]] || run_fuzz '' "$BRIEF_FUZZING" || failed=$?
  printf '\nEnd-to-end tests\n'
  command_up --with=gateway-api,second-ingress,shared-address
  run_pytest "$filter" || failed=$?
  [[ $was_up ]] || cluster_down
  return "$failed"
}

# run_ctest PRESET FILTER: unit tests, then integration tests. Without a filter, none at all is a
# failure.
run_ctest() {
  local preset=$1 filter=$2 label failed=0
  step 'Charts of others' ensure_charts
  BERTH_BIN=$(programs_folder)
  BERTH_CHARTS=$(charts_folder)
  export BERTH_BIN BERTH_CHARTS
  for label in unit integration; do
    printf '\n%s tests\n' "${label^}"
    (
      cd "$ROOT"
      ctest --preset "$preset" --label-regex "^$label\$" --no-tests=error \
        ${filter:+--no-tests=ignore --tests-regex "$filter"}
    ) || failed=$?
  done
  return "$failed"
}

# run_pytest FILTER: end-to-end tests, by a client generated from the contract.
run_pytest() {
  local status=0
  step 'Python packages' ensure_e2e_python
  step 'Python client' generate_python_client
  (
    cd "$ROOT"
    BERTH_ADDRESS=$(cat "$STATE/address") BERTH_GATEWAY_ADDRESS=$(gateway_address) \
      BERTH_INSTANCE=$INSTANCE BERTH_BIN=$(programs_folder) KUBECONFIG=$STATE/kubeconfig PYTHONPATH=$ROOT/build/python \
      "$(e2e_python)" -m pytest tests/e2e ${1:+-k "$1"}
  ) || status=$?
  # Nothing selected is no failure where a filter was given.
  [[ $status == 5 && -n $1 ]] || return "$status"
}

e2e_venv() {
  echo "$CACHE/python/e2e-$(hash_of tests/e2e/requirements.txt)"
}

e2e_python() {
  echo "$(e2e_venv)/bin/python"
}

ensure_e2e_python() {
  with_lock python make_venv "$(e2e_venv)" -r "$ROOT/tests/e2e/requirements.txt"
}

# generate_python_client: the modules berth.*.v1.*_pb2 and _pb2_grpc into build/python.
generate_python_client() {
  local output=$ROOT/build/python protos
  protos=$(cd "$ROOT/proto" && find berth -name '*.proto')
  rm -rf "$output"
  mkdir -p "$output"
  # shellcheck disable=SC2086 # a list of names
  "$(e2e_python)" -m grpc_tools.protoc -I "$ROOT/proto" -I "$GOOGLEAPIS" \
    --python_out="$output" --pyi_out="$output" --grpc_python_out="$output" $protos
}
