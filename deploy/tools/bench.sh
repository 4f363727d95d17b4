# shellcheck shell=bash
# ./dev bench: benchmarks.

# run_benchmark NAME [OPTION...]
run_benchmark() {
  local name=${1:-}
  case $name in
    helm) ;;
    *) die 'usage: ./dev bench helm [OPTION...]; ./dev bench helm --help lists them' ;;
  esac
  shift
  make_ready tests build helm-service
  step 'Python packages' ensure_e2e_python
  step 'Python client' generate_python_client
  BERTH_BIN=$BIN PYTHONPATH=$ROOT/build/python "$(e2e_python)" \
    "$ROOT/tests/bench/${name}_bench.py" "$@"
}
