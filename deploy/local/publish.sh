# shellcheck shell=bash
# Ports of the cluster on the host: haproxy listens on the instance's loopback addresses and connects
# from inside the network namespace.

readonly EXPOSED_PORTS=20000-20999

# Service of Berth's chart | port on the host and in the Service
readonly PUBLISHED_SERVICES=(
  "berth-gateway|50050"
  "berth-helm-service|50051"
  "berth-port-service|50052"
  "berth-ingress-service|50053"
)

# gateway_address: where the Gateway's ports are published.
gateway_address() {
  loopback_address 1
}

second_ingress_address() {
  loopback_address 2
}

shared_address() {
  loopback_address 3
}

# load_balancers: a name, the address on the host, and the address in the cluster, as the manifests
# ask for it.
load_balancers() {
  echo "ingress-nginx $(cat "$STATE/address") 172.30.200.10"
  ! has_part gateway-api || echo "gateway $(gateway_address) 172.30.200.20"
  ! has_part second-ingress || echo "second-ingress $(second_ingress_address) 172.30.200.30"
  ! has_part shared-address || echo "shared $(shared_address) 172.30.200.40"
}

publish() {
  write_haproxy_config | write_file "$STATE/haproxy.cfg"
  start haproxy "$STATE/haproxy.cfg" haproxy -f "$STATE/haproxy.cfg"
  retry 5 connects "$(cat "$STATE/address")" 20999
}

write_haproxy_config() {
  local address balancers name published inside entry service port cluster_ip
  balancers=$(load_balancers)
  address=$(cat "$STATE/address")
  cat <<END
global
    maxconn 4096
defaults
    mode tcp
    timeout connect 2s
    # Streams may be quiet for as long as their ends like.
    timeout client 24h
    timeout server 24h
END
  while read -r name published inside; do
    cat <<END
listen exposed-by-$name
    bind $published:$EXPOSED_PORTS
    server $name $inside namespace $INSTANCE
END
  done <<<"$balancers"
  for entry in "${PUBLISHED_SERVICES[@]}"; do
    IFS='|' read -r service port <<<"$entry"
    cluster_ip=$(kubectl -n "$BERTH_NAMESPACE" get service "$service" --ignore-not-found \
      -o 'jsonpath={.spec.clusterIP}')
    [[ -n $cluster_ip ]] || continue
    cat <<END
listen $service
    bind $address:$port
    server $service $cluster_ip:$port namespace $INSTANCE
END
  done
}

# connects ADDRESS PORT: whether a TCP connection can be made.
connects() {
  nc -z -w 2 "$1" "$2"
}
