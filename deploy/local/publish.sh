# shellcheck shell=bash
# Ports of the cluster on the host: haproxy listens on the instance's loopback address and connects
# from inside the network namespace.

readonly LOAD_BALANCER_IP=172.30.200.10
readonly EXPOSED_PORTS=20000-20999

# Service of Berth's chart | port on the host and in the Service
readonly PUBLISHED_SERVICES=(
  "berth-gateway|50050"
  "berth-helm-service|50051"
  "berth-port-service|50052"
  "berth-ingress-service|50053"
)

publish() {
  write_haproxy_config | write_file "$STATE/haproxy.cfg"
  start haproxy "$STATE/haproxy.cfg" haproxy -f "$STATE/haproxy.cfg"
  retry 5 connects "$(cat "$STATE/address")" 20999
}

write_haproxy_config() {
  local address entry service port cluster_ip
  address=$(cat "$STATE/address")
  cat <<END
global
    maxconn 8192
defaults
    mode tcp
    timeout connect 2s
    # Streams may be quiet for as long as their ends like.
    timeout client 24h
    timeout server 24h
listen exposed
    bind $address:$EXPOSED_PORTS
    server load-balancer $LOAD_BALANCER_IP namespace $INSTANCE
END
  ! has_gateway_api || cat <<END
listen exposed-by-gateway
    bind $(gateway_address):$EXPOSED_PORTS
    server gateway $GATEWAY_IP namespace $INSTANCE
END
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
