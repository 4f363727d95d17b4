# shellcheck shell=bash
# What ./dev says while it works: one line per step, with its time, and the end of its log if it fails.

# die MESSAGE...: says why nothing more can be done, and ends.
die() {
  printf 'dev: %s\n' "$@" >&2
  exit 1
}

# since START [END]: the seconds from START (an EPOCHREALTIME) until END, or now, with one decimal.
since() {
  awk -v a="$1" -v b="${2:-$EPOCHREALTIME}" 'BEGIN { printf "%.1f s", b - a }'
}

# step TITLE COMMAND...: runs COMMAND with its output in a log file, and prints TITLE and the time it
# took. While it runs, the last line of its log is shown every 20 s; if it fails, the last 40 are,
# and ./dev ends. COMMAND runs in a subshell: it hands results on in files.
step() {
  begin "$@"
  finish "$1"
}

# begin TITLE COMMAND...: the first half of a step; it runs in the background until `finish TITLE`.
begin() {
  local title=$1
  shift
  mkdir -p "$LOG_DIR"
  STEP_STARTS[$title]=$EPOCHREALTIME
  rm -f "$(step_status "$title")"
  # Status and end go through a file: bash forgets the status of a process whose id is used
  # again meanwhile.
  (
    trap 'echo "$? $EPOCHREALTIME" >"$(step_status "$title")"' EXIT
    "$@"
  ) >"$(step_log "$title")" 2>&1 </dev/null &
  STEP_PIDS[$title]=$!
}
declare -A STEP_STARTS STEP_PIDS

# finish TITLE
finish() {
  local title=$1 start=${STEP_STARTS[$1]} pid=${STEP_PIDS[$1]} log status end
  log=$(step_log "$title")
  while [[ ! -s $(step_status "$title") ]] && ! wait_pid "$pid" 20; do
    printf '    %-46s %8s  %s\n' "$title ..." "$(since "$start")" "$(last_line "$log")"
  done
  # A step that was killed leaves no status.
  read -r status end 2>/dev/null <"$(step_status "$title")" || status=137 end=$EPOCHREALTIME
  if ((status != 0)); then
    printf '  FAILED %s after %s, see %s\n' "$title" "$(since "$start" "$end")" "$log"
    tail -n 40 "$log" | sed 's/^/    | /'
    end_steps
    exit "$status"
  fi
  printf '  %-48s %8s\n' "$title" "$(since "$start" "$end")"
}

step_log() {
  echo "$LOG_DIR/$(tr -cs 'a-zA-Z0-9' '-' <<<"$1" | sed 's/-*$//').log"
}

step_status() {
  echo "$(step_log "$1").status"
}

# end_steps: ends those that still run in the background.
end_steps() {
  local pid
  for pid in $(jobs -rp); do
    end_tree "$pid"
  done
}

# end_tree PID: ends a process of ours and what it started.
end_tree() {
  local child children
  children=$(cat "/proc/$1/task/$1/children" 2>/dev/null) || true
  for child in $children; do
    end_tree "$child"
  done
  kill "$1" 2>/dev/null || true
}

# wait_pid PID SECONDS: waits until the process is gone; fails if it is still there after SECONDS.
wait_pid() {
  local deadline=$((SECONDS + $2))
  while is_alive "$1"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# is_alive PID: a zombie is not.
is_alive() {
  local stat
  read -r stat 2>/dev/null <"/proc/$1/stat" && [[ ${stat##*) } != Z* ]]
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
