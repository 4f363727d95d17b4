# shellcheck shell=bash
# etcd, API server, controller manager, scheduler, and the keys they trust.

make_keys() {
  local keys=$STATE/pki
  [[ ! -e $keys/complete ]] || return 0
  mkdir -p "$keys"
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$keys/ca.key" -out "$keys/ca.crt" \
    -days 3650 -subj /CN=berth-local-ca
  openssl req -newkey rsa:2048 -nodes -keyout "$keys/apiserver.key" -out "$keys/apiserver.csr" \
    -subj /CN=kube-apiserver
  openssl x509 -req -in "$keys/apiserver.csr" -CA "$keys/ca.crt" -CAkey "$keys/ca.key" \
    -CAcreateserial -days 3650 -out "$keys/apiserver.crt" -extfile <(
      echo "subjectAltName=IP:10.96.0.1,IP:$NODE_IP,IP:127.0.0.1,DNS:localhost," \
        "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc" | tr -d ' '
    )
  openssl genrsa -out "$keys/service-account.key" 2048
  write_kubeconfig "$(openssl rand -hex 16)"
  touch "$keys/complete"
}

# write_kubeconfig TOKEN: an administrator, by token.
write_kubeconfig() {
  (
    umask 077
    printf '%s,admin,admin,"system:masters"\n' "$1" >"$STATE/pki/tokens.csv"
    cat >"$STATE/kubeconfig" <<END
apiVersion: v1
kind: Config
clusters:
  - name: $INSTANCE
    cluster:
      server: https://$NODE_IP:6443
      certificate-authority-data: $(base64 -w0 "$STATE/pki/ca.crt")
users:
  - name: admin
    user: {token: $1}
contexts:
  - name: $INSTANCE
    context: {cluster: $INSTANCE, user: admin}
current-context: $INSTANCE
END
  )
}

start_control_plane() {
  make_keys
  start_in_netns etcd '' "$(program etcd)" --data-dir="$STATE/etcd" --unsafe-no-fsync --log-level=warn
  start_in_netns kube-apiserver '' "$(program kube-apiserver)" \
    --etcd-servers=http://127.0.0.1:2379 \
    --secure-port=6443 \
    --advertise-address="$NODE_IP" \
    --tls-cert-file="$STATE/pki/apiserver.crt" \
    --tls-private-key-file="$STATE/pki/apiserver.key" \
    --cert-dir="$STATE/pki" \
    --service-account-key-file="$STATE/pki/service-account.key" \
    --service-account-signing-key-file="$STATE/pki/service-account.key" \
    --service-account-issuer=https://kubernetes.default.svc \
    --service-cluster-ip-range="$SERVICE_SUBNET" \
    --token-auth-file="$STATE/pki/tokens.csv" \
    --authorization-mode=Node,RBAC \
    --enable-admission-plugins=NodeRestriction \
    --kubelet-preferred-address-types=InternalIP \
    --allow-privileged=true
  retry 60 kubectl get --raw /readyz
  start_in_netns kube-controller-manager '' "$(program kube-controller-manager)" \
    --kubeconfig="$STATE/kubeconfig" \
    --service-account-private-key-file="$STATE/pki/service-account.key" \
    --root-ca-file="$STATE/pki/ca.crt" \
    --use-service-account-credentials=true \
    --cert-dir="$STATE/pki" \
    --cluster-cidr="$POD_SUBNET" \
    --leader-elect=false
  start_in_netns kube-scheduler '' "$(program kube-scheduler)" \
    --kubeconfig="$STATE/kubeconfig" \
    --leader-elect=false
}
