# shellcheck shell=bash
# What ./dev says while it works: one line per step, with its time, and the end of its log if it fails.

# die MESSAGE...: says why nothing more can be done, and ends.
die() {
  printf 'dev: %s\n' "$@" >&2
  exit 1
}

# since START: the seconds since START (an EPOCHREALTIME), with one decimal.
since() {
  awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s", b - a }'
}

# step TITLE COMMAND...: runs COMMAND with its output in a log file, and prints TITLE and the time it
# took. While it runs, the last line of its log is shown every 20 s; if it fails, the last 40 are,
# and ./dev ends. COMMAND runs in a subshell: it hands results on in files.
step() {
  local title=$1 start=$EPOCHREALTIME log pid status=0
  shift
  mkdir -p "$LOG_DIR"
  log=$LOG_DIR/$(tr -cs 'a-zA-Z0-9' '-' <<<"$title" | sed 's/-*$//').log
  ("$@") >"$log" 2>&1 </dev/null &
  pid=$!
  while ! wait_pid "$pid" 20; do
    printf '    %-46s %8s  %s\n' "$title ..." "$(since "$start")" "$(last_line "$log")"
  done
  wait "$pid" || status=$?
  if ((status != 0)); then
    printf '  FAILED %s after %s, see %s\n' "$title" "$(since "$start")" "$log" >&2
    tail -n 40 "$log" | sed 's/^/    | /' >&2
    exit "$status"
  fi
  printf '  %-48s %8s\n' "$title" "$(since "$start")"
}

# wait_pid PID SECONDS: waits until the process is gone; fails if it is still there after SECONDS.
wait_pid() {
  timeout "$2" tail --pid="$1" -s 0.05 -f /dev/null
}

last_line() {
  tail -c 2000 "$1" | tr -d '\r' | awk 'NF { line = $0 } END { print substr(line, 1, 90) }'
}

# retry SECONDS COMMAND...: repeats COMMAND until it succeeds; fails after SECONDS with its last words.
retry() {
  local deadline=$((SECONDS + $1)) output
  shift
  until output=$("$@" 2>&1); do
    if ((SECONDS >= deadline)); then
      printf 'gave up on: %s\n%s\n' "$*" "$output" >&2
      return 1
    fi
    sleep 0.2
  done
}
