# shellcheck shell=bash
# What runs in or beside the cluster before Berth: DNS, addresses for load balancers, ingress-nginx.

readonly MANIFESTS=$ROOT/deploy/local/manifests
readonly SECOND_INGRESS=ingress-nginx-second
readonly SHARED_NAMESPACE=shared

# apply_once NAME KEY COMMAND...: runs COMMAND unless it succeeded with this key in this cluster.
apply_once() {
  local mark=$STATE/applied/$1 key=$2
  shift 2
  [[ $(cat "$mark" 2>/dev/null) != "$key" ]] || return 0
  "$@"
  mkdir -p "$STATE/applied"
  echo "$key" >"$mark"
}

# start_dns: answers for names of the cluster, and NXDOMAIN to all others, so that no query leaves.
start_dns() {
  write_file "$STATE/Corefile" <<END
cluster.local:53 {
    bind $NODE_IP
    errors
    kubernetes cluster.local {
        kubeconfig $STATE/kubeconfig
        ttl 5
    }
}
.:53 {
    bind $NODE_IP
    template ANY ANY . {
        rcode NXDOMAIN
    }
}
END
  start_in_netns coredns "$STATE/Corefile" "$(program coredns)" -conf "$STATE/Corefile"
  apply_once dns "$(hash_of deploy/local/manifests/dns.yaml)" \
    kubectl apply --server-side -f "$MANIFESTS/dns.yaml"
}

start_metallb() {
  apply_once metallb-crds "$(program_folder metallb-controller)" apply_metallb_crds
  # Its pod is refused until the new namespace has a service account.
  apply_once metallb "$(hash_of deploy/local/manifests/metallb.yaml)" \
    retry 30 kubectl apply --server-side -f "$MANIFESTS/metallb.yaml"
  start_in_netns metallb-controller '' \
    env METALLB_POD_NAME=controller METALLB_NAMESPACE=metallb-system \
    "$(program metallb-controller)" --kubeconfig="$STATE/kubeconfig" --namespace=metallb-system \
    --pod-name=controller --webhook-mode=disabled --disable-cert-rotation --port=0
}

apply_metallb_crds() {
  local crds
  crds=$(program_folder metallb-controller)/share
  kubectl apply --server-side -f "$crds"
  kubectl wait --for=condition=Established crd --all --timeout=30s
}

# install_shared_address: the Service that owns the address which Services of rules share.
install_shared_address() {
  apply_once shared-address "$(hash_of deploy/local/manifests/shared-address.yaml)" \
    apply_shared_address
}

apply_shared_address() {
  kubectl apply --server-side -f "$MANIFESTS/shared-address.yaml"
  kubectl -n "$SHARED_NAMESPACE" wait --timeout=30s \
    --for='jsonpath={.status.loadBalancer.ingress[0].ip}' service/anchor
}

install_ingress_nginx() {
  install_ingress ingress-nginx ingress-nginx-values.yaml
}

# install_second_ingress: with a class, a lock, ConfigMaps and an address of its own.
install_second_ingress() {
  install_ingress "$SECOND_INGRESS" ingress-nginx-values.yaml second-ingress-values.yaml
}

# install_ingress NAME VALUES...: a release of ingress-nginx in the namespace of the same name, with
# these files of values; later ones win.
install_ingress() {
  local name=$1 key file values=()
  shift
  for file in "$@"; do
    values+=(--values "$MANIFESTS/$file")
  done
  key=$(ingress_nginx_key)
  import_image ingress-nginx "$key"
  apply_once "$name" "$key $(hash_of "${@/#/deploy/local/manifests/}")" \
    helm upgrade --install "$name" "$(program_folder nginx-ingress-controller)/share" \
    --namespace "$name" --create-namespace \
    "${values[@]}" --set-string "controller.image.tag=$(ingress_nginx_tag)" \
    --wait --timeout 3m
}
