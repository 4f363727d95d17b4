# shellcheck shell=bash
# One cluster among several on this machine: its name, its network namespace, its loopback address.
#
# Inside its namespace every instance uses the same addresses; on the host they differ only in the
# loopback address on which their ports are published.

readonly NODE_IP=172.30.0.2
readonly POD_SUBNET=10.245.0.0/24
readonly SERVICE_SUBNET=10.96.0.0/16
readonly LOAD_BALANCER_SUBNET=172.30.200.0/24
readonly NETNS=/run/netns/$INSTANCE

# What a cluster has only if it is asked for.
readonly PARTS=(gateway-api second-ingress shared-address)

# parts_among --with=PART,...: the parts that these options name.
parts_among() {
  local option part
  for option in "$@"; do
    [[ $option == --with=* ]] || die "no such option: $option (--with=PART,...)"
    for part in $(tr ',' ' ' <<<"${option#*=}"); do
      [[ " ${PARTS[*]} " == *" $part "* ]] || die "no such part: $part (${PARTS[*]})"
      echo "$part"
    done
  done
}

# ask_for PART...: what this cluster has from now on; it keeps what it has.
ask_for() {
  local part
  for part in "$@"; do
    mkdir -p "$STATE"
    touch "$STATE/with-$part"
  done
}

has_part() {
  [[ -e $STATE/with-$1 ]]
}

# loopback_address N: the instance's address in 127.0.N.0/24. Load balancers hand out the same port
# numbers, so each is published in a subnet of its own.
loopback_address() {
  sed "s/^127\\.0\\.0\\./127.0.$1./" "$STATE/address"
}

# check_machine: says what this machine lacks that packages cannot bring.
check_machine() {
  [[ $INSTANCE =~ ^[a-z][a-z0-9-]{0,30}$ ]] ||
    die "BERTH_INSTANCE is '$INSTANCE': it must match [a-z][a-z0-9-]{0,30}."
  [[ $(uname -sm) == 'Linux x86_64' ]] ||
    die "The local cluster runs on Linux on x86-64; this is $(uname -sm)."
  ((EUID == 0)) || die 'The local cluster needs root: network namespaces, mounts, cgroups.'
  [[ -d /sys/fs/cgroup && $(stat -fc %T /sys/fs/cgroup) =~ ^(tmpfs|cgroup2fs)$ ]] ||
    die 'No cgroup filesystem is mounted on /sys/fs/cgroup.'
}

# in_netns COMMAND...: runs COMMAND in the instance's network. Not by `ip netns exec`, which would
# mount /sys anew and hide the cgroups.
in_netns() {
  nsenter --net="$NETNS" "$@"
}

kubectl() {
  in_netns "$BIN/kubectl" --kubeconfig="$STATE/kubeconfig" "$@"
}

helm() {
  in_netns env HELM_CACHE_HOME="$STATE/helm" HELM_CONFIG_HOME="$STATE/helm" \
    "$BIN/helm" --kubeconfig="$STATE/kubeconfig" "$@"
}

# create_network: the namespace and its routes.
create_network() {
  [[ ! -e $NETNS ]] || return 0
  ip netns add "$INSTANCE"
  in_netns ip link set lo up
  in_netns ip addr add "$NODE_IP/32" dev lo
  # Nothing leaves by this route; without one, ClusterIPs are unreachable before NAT sees them.
  in_netns ip route add default dev lo src "$NODE_IP"
  # Addresses of load balancers end here, before any client uses one.
  in_netns ip route add local "$LOAD_BALANCER_SUBNET" dev lo
  in_netns sysctl -qw net.ipv4.ip_forward=1
}

# choose_address: gives the instance the first of 127.0.0.1, 127.0.0.2, ... that no other has.
choose_address() {
  [[ ! -s $STATE/address ]] || return 0
  mkdir -p "$STATE"
  (
    flock 9
    local last=1
    while grep -qsxF "127.0.0.$last" "$STATE_ROOT"/*/address; do
      last=$((last + 1))
    done
    echo "127.0.0.$last" >"$STATE/address"
  ) 9>"$STATE_ROOT/.lock"
}
