# shellcheck shell=bash
# ./dev bench: benchmarks.

# run_benchmark NAME [OPTION...]
run_benchmark() {
  local name=${1:-}
  case $name in
    helm | ports | rules) ;;
    *) die 'usage: ./dev bench helm|ports|rules [OPTION...]; with --help it lists them' ;;
  esac
  shift
  "bench_$name" "$@"
}

bench_helm() {
  make_ready tests build helm-service
  step 'Python packages' ensure_e2e_python
  step 'Python client' generate_python_client
  BERTH_BIN=$BIN PYTHONPATH=$ROOT/build/python "$(e2e_python)" "$ROOT/tests/bench/helm_bench.py" "$@"
}

bench_ports() {
  make_ready tests build ports_bench
  BERTH_BIN=$BIN "$ROOT/build/default/tests/bench/ports_bench" "$@"
}

bench_rules() {
  make_ready tests build rules_bench
  BERTH_BIN=$BIN "$ROOT/build/default/tests/bench/rules_bench" "$@"
}
