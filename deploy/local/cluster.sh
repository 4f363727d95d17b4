# shellcheck shell=bash
# The whole cluster: up, down, status.

# cluster_up: every step is harmless where its work is done already.
cluster_up() {
  check_machine
  mkdir -p "$STATE"
  choose_address
  step 'Network namespace' create_network
  step 'Control plane' start_control_plane
  step 'Node' start_node
  step 'DNS' start_dns
  step 'Addresses for load balancers (MetalLB)' start_metallb
  step 'ingress-nginx' install_ingress_nginx
  ! has_part second-ingress || step 'Second ingress-nginx' install_second_ingress
  ! has_part gateway-api || step 'Envoy Gateway' install_gateway_api
  ! has_part shared-address || step 'Shared address' install_shared_address
}

# forget_lost_cluster: after a reboot only files are left of a cluster; it starts anew, with the parts
# that are asked for then.
forget_lost_cluster() {
  [[ -e $STATE/pki && ! -e $NETNS ]] || return 0
  step 'Clearing away what a reboot left' remove_cluster
}

cluster_down() {
  check_machine
  [[ -e $STATE || -e $NETNS ]] || {
    echo "Nothing to take down: no cluster '$INSTANCE'."
    return
  }
  step "Taking down '$INSTANCE'" remove_cluster
}

# remove_cluster: leaves no process, mount, namespace, cgroup or file of the cluster.
remove_cluster() {
  stop kubelet # it would start containers again
  remove_containers
  stop "${PROCESSES[@]}"
  remove_shims
  remove_mounts
  [[ ! -e $NETNS ]] || ip netns del "$INSTANCE"
  remove_cgroups
  find /var/log/containers -maxdepth 1 -lname "$STATE/*" -delete 2>/dev/null || true
  rm -rf "$STATE"
}

# remove_containers: through the runtime, with the network namespaces of their pods.
remove_containers() {
  # Without a namespace there are no containers: it was lost in a reboot, or not made yet.
  [[ -d $STATE/containerd && -e $NETNS ]] || return 0
  start_containerd
  local kind id namespaces
  namespaces=$(for id in $(ctr containers ls -q); do
    ctr containers info "$id"
  done | jq -r '.Spec.linux.namespaces[]? | select(.type == "network").path // empty' |
    grep '/netns/cni-' | sort -u) || true
  # A sandbox holds what the other containers of its pod live in, so it goes last.
  for kind in container sandbox; do
    for id in $(ctr containers ls -q "labels.\"io.cri-containerd.kind\"==$kind"); do
      ctr tasks rm -f "$id" || true # it may have ended before
      ctr containers rm "$id"
    done
  done
  for id in $namespaces; do
    ip netns del "${id##*/}" || true
  done
}

# remove_shims: ends containers' shims that outlived both their container and containerd's memory of
# it; told by the socket of this instance's containerd among their arguments.
remove_shims() {
  local folder
  for folder in /proc/[0-9]*; do
    if [[ $(tr '\0' ' ' 2>/dev/null <"$folder/cmdline") == *"/containerd-shim-"*" -address $STATE/containerd/"* ]]; then
      kill -KILL "${folder#/proc/}" 2>/dev/null || true # TERM is ignored
    fi
  done
}

remove_mounts() {
  awk -v state="$STATE/" 'index($2, state) == 1 { print $2 }' /proc/mounts | sort -r |
    xargs -r -n 1 umount -l
}

remove_cgroups() {
  local root
  for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
    [[ -d $root/$INSTANCE ]] || continue
    find "$root/$INSTANCE" -depth -type d -exec rmdir {} +
  done
}

cluster_status() {
  if [[ ! -e $STATE ]]; then
    echo "The cluster '$INSTANCE' is down."
    return
  fi
  BIN=$(programs_folder)
  echo "Cluster '$INSTANCE' on $(cat "$STATE/address"), state in $STATE"
  local name
  for name in "${PROCESSES[@]}"; do
    if is_running "$name"; then
      printf '  %-26s running, pid %s\n' "$name" "$(pid_of "$name")"
    else
      printf '  %-26s not running, see %s\n' "$name" "$STATE/log/$name.log"
    fi
  done
  if is_running kube-apiserver; then
    kubectl get pods --all-namespaces
  fi
}
