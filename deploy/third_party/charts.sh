# shellcheck shell=bash
# Charts of other projects that tests install: packaged from the Go modules in which they come.

# module@version | its checksum as Go's module database has it | folder of the chart
readonly CHARTS=(
  "k8s.io/ingress-nginx@v0.0.0-20240708192948-52c50467d67d|h1:tZui5g6S4GO1hxLm6yrEoIXLkl4QfeGytlmZqZ+DmdQ=|charts/ingress-nginx"
  "go.universe.tf/metallb@v0.16.2|h1:RCSAGoZmqcvTg0e56+Okbwz8iTuQVX30JpKX5mYEPUM=|charts/metallb"
  "sigs.k8s.io/external-dns@v0.19.0|h1:fyH3AN/WmOrbuAVYgtHPK4UhkNy9DR3gXMU65yQxuzQ=|charts/external-dns"
  "sigs.k8s.io/metrics-server@v0.9.0|h1:nlqqZ2H0Xfko8eJC/1qaNVVT17hu4rxndkOi22KTZ4w=|charts/metrics-server"
  "sigs.k8s.io/node-feature-discovery@v0.18.3|h1:q5/qpyxrasI/F6838lflFNGAUszpMNRuFwornPLYdxQ=|deployment/helm/node-feature-discovery"
)

# charts_folder: the folder in the cache that holds them as .tgz, whether or not it is there yet.
charts_folder() {
  echo "$CACHE/charts/$(hash_of deploy/third_party/charts.sh)"
}

# ensure_charts: fetches and packages them with Helm, which must be there.
ensure_charts() {
  [[ -d $(charts_folder) ]] || with_lock charts make_charts
}

make_charts() {
  local line module sum inside download new
  [[ ! -d $(charts_folder) ]] || return 0 # another clone was faster
  use_go
  mkdir -p "$CACHE/charts"
  new=$(mktemp -d "$CACHE/charts/.new.XXXXXX")
  for line in "${CHARTS[@]}"; do
    IFS='|' read -r module sum inside <<<"$line"
    echo "packaging $inside of $module"
    download=$(cd "$new" && go mod download -json "$module")
    [[ $(jq -r .Sum <<<"$download") == "$sum" ]] || die "$module: its checksum is not $sum"
    "$(program helm)" package "$(jq -r .Dir <<<"$download")/$inside" --destination "$new"
  done
  chmod 755 "$new"
  mv -T "$new" "$(charts_folder)"
}
