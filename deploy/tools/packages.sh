# shellcheck shell=bash
# The distribution's packages that ./dev needs, in one list, and how missing ones get installed.

readonly PACKAGES=(
  # building and testing Berth
  g++ cmake ninja-build ccache mold pkg-config
  libgrpc++-dev protobuf-compiler-grpc libprotobuf-dev protobuf-compiler libabsl-dev
  golang-github-gogo-googleapis-dev libyaml-cpp-dev libcurl4-openssl-dev nlohmann-json3-dev
  libspdlog-dev libfmt-dev prometheus-cpp-dev libssl-dev libcpp-httplib-dev libre2-dev
  libgtest-dev libgmock-dev libbenchmark-dev docker-registry json-schema-test-suite
  clang-format shellcheck python3 python3-venv
  # the local cluster
  containerd runc containernetworking-plugins haproxy buildah mmdebstrap
  iptables iproute2 conntrack util-linux procps
  # both
  git curl ca-certificates jq openssl netcat-openbsd
)

# Only for ./dev fuzz.
readonly FUZZ_PACKAGES=(clang libclang-rt-dev)

# ensure_packages: installs what is missing. Their services are not started.
ensure_packages() {
  ensure_listed "${PACKAGES[@]}"
}

ensure_fuzz_packages() {
  ensure_listed "${PACKAGES[@]}" "${FUZZ_PACKAGES[@]}"
}

# ensure_listed PACKAGE...
ensure_listed() {
  local missing
  missing=$(missing_packages "$@")
  [[ -n $missing ]] || return 0
  command -v apt-get >/dev/null ||
    die 'This works on Debian 12. On another system, install what these packages hold:' "$missing"
  ((EUID == 0)) || die 'These packages are missing; install them, or run this as root:' "$missing"
  with_lock apt install_packages "$missing"
}

# missing_packages PACKAGE...
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^ii *//p') || true
  {
    printf '%s\n' "$@" | grep -vxF "${installed:-none}" || true
    # Not Debian's where the machine has its own.
    command -v npm >/dev/null || echo npm
  } | xargs
}

install_packages() {
  local policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    # shellcheck disable=SC2064 # the path is meant as it is now
    trap "rm -f '$policy'" EXIT
  fi
  apt-get update
  # shellcheck disable=SC2086 # a list of names
  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $1
}
