# shellcheck shell=bash
# The cluster's processes on the host. Each has, in the state folder, run/NAME.pid (its pid and its
# start time, so that a pid used again is not mistaken for it) and log/NAME.log.

# In the order in which they start.
readonly PROCESSES=(
  etcd kube-apiserver kube-controller-manager kube-scheduler containerd kubelet kube-proxy
  coredns metallb-controller haproxy
)

# start NAME CONFIG COMMAND...: sees to it that COMMAND runs, as a process of its own session. One that
# was started with another command line, or other content of the file CONFIG (or none: ''), is
# stopped first.
start() {
  local name=$1 config=$2 key pid
  shift 2
  key=$({ printf '%s\n' "$@" && cat ${config:+"$config"}; } </dev/null | hash_text)
  if is_running "$name"; then
    [[ $(cat "$STATE/run/$name.key") != "$key" ]] || return 0
    stop "$name"
  fi
  mkdir -p "$STATE/run" "$STATE/log"
  echo "$key" >"$STATE/run/$name.key"
  setsid env -i PATH="$PATH" HOME="$STATE" "$@" >>"$STATE/log/$name.log" 2>&1 </dev/null 9>&- &
  pid=$!
  echo "$pid $(start_time "$pid")" >"$STATE/run/$name.pid"
}

# start_in_netns NAME CONFIG COMMAND...
start_in_netns() {
  local name=$1 config=$2
  shift 2
  start "$name" "$config" nsenter --net="$NETNS" "$@"
}

is_running() {
  local pid started
  read -r pid started 2>/dev/null <"$STATE/run/$1.pid" || return 1
  [[ $(start_time "$pid") == "$started" ]]
}

# start_time PID: in clock ticks since boot; empty for a process that is gone or a zombie.
start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # shellcheck disable=SC2086 # words: what follows the parenthesised name begins with the state
  set -- ${stat##*) }
  [[ $1 == Z ]] || echo "${20}"
}

# stop NAME...: asks the processes to end, and kills those that have not after 5 s: all that they
# leave behind is made anew or removed.
stop() {
  local name pid
  for name in "$@"; do
    ! is_running "$name" || kill "$(pid_of "$name")" || true
  done
  for name in "$@"; do
    if is_running "$name"; then
      pid=$(pid_of "$name")
      wait_pid "$pid" 5 || kill -KILL "$pid" || true
      wait_pid "$pid" 5
    fi
    rm -f "$STATE/run/$name.pid"
  done
}

pid_of() {
  cut -d' ' -f1 "$STATE/run/$1.pid"
}

# write_file PATH: writes what is read, but leaves a file that holds just that as it is: kube-proxy
# ends when its configuration is written.
write_file() {
  cat >"$1.new"
  if cmp -s "$1.new" "$1"; then
    rm "$1.new"
  else
    mv "$1.new" "$1"
  fi
}
