# shellcheck shell=bash
# The one node: containerd, kubelet, kube-proxy.

readonly NODE=node1

start_node() {
  create_cgroups
  start_containerd
  import_image pause "$(pause_key)"
  start_kubelet
  start_kube_proxy
  retry 60 kubectl get node "$NODE"
  kubectl wait --for=condition=Ready "node/$NODE" --timeout=60s
}

ctr() {
  command ctr --address "$STATE/containerd/containerd.sock" --namespace k8s.io "$@"
}

# create_cgroups: the kubelet's root, apart from that of any other kubelet on this machine.
create_cgroups() {
  if [[ $(stat -fc %T /sys/fs/cgroup) == cgroup2fs ]]; then
    mkdir -p "/sys/fs/cgroup/$INSTANCE"
    delegate_controllers /sys/fs/cgroup
    delegate_controllers "/sys/fs/cgroup/$INSTANCE"
    return
  fi
  local controller
  for controller in $(cgroup_controllers); do
    mkdir -p "$controller/$INSTANCE"
  done
}

# cgroup_controllers: the hierarchies of cgroup v1.
cgroup_controllers() {
  awk '$3 == "cgroup" { print $2 }' /proc/mounts
}

# delegate_controllers GROUP: lets its children use the controllers that it has.
delegate_controllers() {
  local controller controllers
  controllers=$(cat "$1/cgroup.controllers")
  for controller in $controllers; do
    echo "+$controller" >"$1/cgroup.subtree_control" ||
      die "cgroup v2: cannot hand the controller $controller down from $1." \
        'In a container, start it with a cgroup namespace of its own whose root holds no process.'
  done
}

start_containerd() {
  local home=$STATE/containerd
  mkdir -p "$home" "$STATE/cni"
  write_file "$home/config.toml" <<END
version = 2
root = "$home/root"
state = "$home/state"
[grpc]
  address = "$home/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$home/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  # Without CAP_SYS_RESOURCE runc cannot lower a score, and fails.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
END
  write_file "$STATE/cni/10-bridge.conflist" <<END
{
  "cniVersion": "0.4.0",
  "name": "$INSTANCE",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "isGateway": true,
      "ipMasq": true,
      "hairpinMode": true,
      "ipam": {
        "type": "host-local",
        "dataDir": "$STATE/cni-addresses",
        "ranges": [[{"subnet": "$POD_SUBNET"}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
END
  start_in_netns containerd "$home/config.toml" containerd --config "$home/config.toml"
  retry 30 ctr version
}

start_kubelet() {
  write_file "$STATE/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: true}
  webhook: {enabled: false}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: /$INSTANCE
failCgroupV1: false
enforceNodeAllocatable: []
failSwapOn: false
evictionHard: {}
imageGCHighThresholdPercent: 100
containerRuntimeEndpoint: unix://$STATE/containerd/containerd.sock
clusterDNS: ["$NODE_IP"]
clusterDomain: cluster.local
podLogsDir: $STATE/pod-logs
resolvConf: $STATE/resolv.conf
END
  # Pods that do not use the cluster's DNS have none.
  : >"$STATE/resolv.conf"
  start_in_netns kubelet "$STATE/kubelet.yaml" "$(program kubelet)" \
    --config="$STATE/kubelet.yaml" \
    --kubeconfig="$STATE/kubeconfig" \
    --root-dir="$STATE/kubelet" \
    --cert-dir="$STATE/pki/kubelet" \
    --hostname-override="$NODE" \
    --node-ip="$NODE_IP"
}

start_kube_proxy() {
  write_file "$STATE/kube-proxy.yaml" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $STATE/kubeconfig}
mode: iptables
hostnameOverride: $NODE
clusterCIDR: $POD_SUBNET
conntrack: {maxPerCore: 0, min: 0}
END
  start_in_netns kube-proxy "$STATE/kube-proxy.yaml" \
    "$(program kube-proxy)" --config="$STATE/kube-proxy.yaml"
}
