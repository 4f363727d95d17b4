# shellcheck shell=bash
# Envoy Gateway with Envoy: a Gateway `envoy` in the namespace `gateways`, and Berth's pool on it.
# Asked for by `./dev up --with=gateway-api`.

readonly GATEWAY_NAMESPACE=gateways
readonly ENVOY_GATEWAY_NAMESPACE=envoy-gateway-system

envoy_gateway_key() {
  {
    hash_of deploy/local/images/envoy-gateway
    program_folder envoy-gateway
  } | hash_text
}

envoy_key() {
  {
    hash_of deploy/local/images/envoy
    program_folder envoy
  } | hash_text
}

ensure_gateway_api_images() {
  ensure_image_of_program envoy-gateway "$(envoy_gateway_key)"
  ensure_image_of_program envoy "$(envoy_key)"
}

# ensure_image_of_program NAME KEY: an image with nothing but the program of that name.
ensure_image_of_program() {
  local name=$1 key=$2 context
  [[ ! -e $(image_archive "$name" "$key") ]] || return 0
  ensure_base_image
  context=$(mktemp -d)
  cp "$LOCAL_IMAGES/$name"/* "$(program "$name")" "$context"
  with_lock buildah build_image "$name" "$key" "berth.local/$name:$key" "$context"
  rm -r "$context"
}

install_gateway_api() {
  local key envoy
  key=$(envoy_gateway_key)
  envoy=$(envoy_key)
  import_image envoy-gateway "$key"
  import_image envoy "$envoy"
  apply_once gateway-api-crds "$(program_folder envoy-gateway)" apply_gateway_api_crds
  apply_once envoy-gateway "$key $(hash_of deploy/local/manifests/envoy-gateway.yaml)" \
    apply_envoy_gateway "$key"
  apply_once gateway "$envoy $(hash_of deploy/local/manifests/gateway.yaml)" apply_gateway "$envoy"
}

apply_gateway_api_crds() {
  local crds
  crds=$(program_folder envoy-gateway)/share
  kubectl apply --server-side --recursive -f "$crds"
  kubectl wait --for=condition=Established crd --all --timeout=30s
}

# apply_envoy_gateway KEY: certificates for what it and Envoy say to each other, then itself.
apply_envoy_gateway() {
  kubectl create namespace "$ENVOY_GATEWAY_NAMESPACE" --dry-run=client -o yaml |
    kubectl apply --server-side -f -
  in_netns env KUBECONFIG="$STATE/kubeconfig" ENVOY_GATEWAY_NAMESPACE="$ENVOY_GATEWAY_NAMESPACE" \
    "$(program envoy-gateway)" certgen --disable-topology-injector
  sed "s|TAG|$1|" "$MANIFESTS/envoy-gateway.yaml" | kubectl apply --server-side -f -
  kubectl -n "$ENVOY_GATEWAY_NAMESPACE" rollout status deployment/envoy-gateway --timeout=90s
}

# apply_gateway KEY
apply_gateway() {
  sed "s|TAG|$1|" "$MANIFESTS/gateway.yaml" | kubectl apply --server-side -f -
  kubectl -n "$GATEWAY_NAMESPACE" wait --for=condition=Programmed gateway/envoy --timeout=90s
}

gateway_pool() {
  cat <<END
apiVersion: berth.dev/v1alpha1
kind: PortPool
metadata: {name: envoy, namespace: $BERTH_NAMESPACE}
spec:
  driver: gateway-api
  loadBalancers: [{kind: Gateway, namespace: $GATEWAY_NAMESPACE, name: envoy}]
  portRange: {first: 20000, last: 20999}
  publishedAddresses: [{ip: $(gateway_address)}]
END
}
