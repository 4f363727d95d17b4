# shellcheck shell=bash
# Berth in the cluster: its chart with images of the host's build, a pool on each load balancer, and
# the example that shows that it works.

readonly BERTH_NAMESPACE=berth-system

# install_berth: CRDs, the four services, and the pools.
install_berth() {
  local key service namespaces shares=false
  ! has_part shared-address || shares=true
  key=$(berth_key)
  for service in "${SERVICES[@]}"; do
    import_image "$service" "$key"
  done
  namespaces=$(load_balancer_namespaces)
  apply_once berth "$key $(hash_of deploy/chart) $namespaces $shares" \
    helm upgrade --install berth "$ROOT/deploy/chart" \
    --namespace "$BERTH_NAMESPACE" --create-namespace \
    --set-string image.registry=berth.local,image.tag="$key",image.pullPolicy=Never \
    --set insecure.acknowledge=true,loadBalancerNamespaces="{$namespaces}" \
    --set loadbalancer.enabled="$shares" \
    --wait --timeout 3m
  install_pool public ingress_pool public ingress-nginx "$(cat "$STATE/address")"
  ! has_part second-ingress ||
    install_pool second ingress_pool second "$SECOND_INGRESS" "$(second_ingress_address)"
  ! has_part gateway-api || install_pool envoy gateway_pool
  ! has_part shared-address || install_pool shared shared_pool
}

# load_balancer_namespaces: those that there are, with commas between them.
load_balancer_namespaces() {
  printf ingress-nginx
  ! has_part second-ingress || printf ',%s' "$SECOND_INGRESS"
  ! has_part gateway-api || printf ',%s' "$GATEWAY_NAMESPACE"
  ! has_part shared-address || printf ',%s' "$SHARED_NAMESPACE"
}

# install_pool NAME COMMAND...: the PortPool of that name, as COMMAND prints it.
install_pool() {
  local name=$1
  shift
  "$@" | apply_once "pool-$name" "$("$@" | hash_text)" kubectl apply --server-side -f -
  kubectl -n "$BERTH_NAMESPACE" wait --for=condition=Ready "portpool/$name" --timeout=60s
}

# ingress_pool NAME RELEASE ADDRESS: on an ingress-nginx, published on ADDRESS. 20999 is somebody
# else's, see manifests/ingress-nginx-values.yaml.
ingress_pool() {
  cat <<END
apiVersion: berth.dev/v1alpha1
kind: PortPool
metadata: {name: $1, namespace: $BERTH_NAMESPACE}
spec:
  driver: configmap
  loadBalancers: [{kind: Service, namespace: $2, name: $2-controller}]
  portRange: {first: 20000, last: 20999}
  publishedAddresses: [{ip: $3}]
  configmap:
    tcpServices: {namespace: $2, name: $2-tcp}
    udpServices: {namespace: $2, name: $2-udp}
END
}

shared_pool() {
  cat <<END
apiVersion: berth.dev/v1alpha1
kind: PortPool
metadata: {name: shared, namespace: $BERTH_NAMESPACE}
spec:
  driver: loadbalancer
  loadBalancers: [{kind: Service, namespace: $SHARED_NAMESPACE, name: anchor}]
  portRange: {first: 20000, last: 20999}
  publishedAddresses: [{ip: $(shared_address)}]
  loadbalancer: {implementation: MetalLB, sharingKey: berth}
END
}

# show_main_job: deploys the example and exposes its port by one call, and tells how.
show_main_job() {
  step "The example's image" import_image echo "$(echo_key)"
  step "The example's chart" package_example
  step 'Main job: deploy a chart, expose its port' call_main_job
  step 'Its port answers' check_main_job
  printf '\nThe call that was made:\n\n'
  main_job
  printf '\n(grpcurl is in the folder that ./dev deps prints.)\n'
  printf '\nThe echo server answers at %s. Try:\n\n    echo hello | nc -q 1 %s\n\n' \
    "$(tr ' ' ':' <"$STATE/main-job")" "$(cat "$STATE/main-job")"
}

package_example() {
  "$BIN/helm" package "$ROOT/deploy/examples/echo/chart" --destination "$ROOT/build"
}

# main_job: the call, as text for a shell in the root of the repository.
main_job() {
  cat <<END
grpcurl -plaintext -d @ $(cat "$STATE/address"):50050 berth.gateway.v1.GatewayService/Deploy <<EOF
{
  "namespace": "default", "name": "echo", "wait": true, "pool": "public",
  "chart": {"archive": "\$(base64 -w0 build/echo-0.1.0.tgz)"},
  "ports": [{"name": "echo", "port_name": "echo"}]
}
EOF
END
}

# call_main_job: leaves address and port of the answer in the state folder.
call_main_job() {
  local answer=$STATE/main-job.json
  (cd "$ROOT" && PATH=$BIN:$PATH bash -euo pipefail -c "$(main_job)") | tee "$answer"
  jq -rs '.[] | .result.exposure | select(.) |
    (.addresses[0] | .ip // .hostname) + " " + (.ports[0].port | tostring)' \
    <"$answer" >"$STATE/main-job"
  [[ -s $STATE/main-job ]] || die 'the call ended without an exposure'
}

# check_main_job: a byte from the pod, through the published port.
check_main_job() {
  local address port
  read -r address port <"$STATE/main-job"
  retry 10 hears_greeting "$address" "$port"
}

hears_greeting() {
  nc -w 2 "$1" "$2" </dev/null | grep -m 1 .
}

# show_logs SERVICE: of a service of Berth, or a process of the cluster.
show_logs() {
  local name=${1:-} service
  for service in "${SERVICES[@]}"; do
    [[ $name != "$service" ]] || {
      kubectl -n "$BERTH_NAMESPACE" logs --prefix --tail=-1 \
        --selector "app.kubernetes.io/name=$name" "${@:2}"
      return
    }
  done
  [[ -n $name && -e $STATE/log/$name.log ]] ||
    die "no logs of '$name'; there are: ${SERVICES[*]} ${PROCESSES[*]}"
  cat "$STATE/log/$name.log"
}
