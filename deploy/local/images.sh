# shellcheck shell=bash
# Container images: built by buildah on a base of the distribution's packages, kept in the cache as
# archives named after everything that went into them, and imported into a cluster's containerd.

readonly SUITE=bookworm
readonly BASE_IMAGE=localhost/berth-base:$SUITE
readonly PAUSE_IMAGE=berth.local/pause:1
readonly LOCAL_IMAGES=$ROOT/deploy/local/images

# buildah ARGUMENT...: on a store of its own in the cache. It forgets mounts, so it gets a mount
# namespace of its own too, with which they go.
buildah() {
  unshare --mount --propagation private buildah --root "$CACHE/buildah/root" \
    --runroot "$CACHE/buildah/run" --storage-driver overlay "$@"
}

# ensure_base_image: a minimal system, made from the distribution's packages once.
ensure_base_image() {
  buildah inspect --type image "$BASE_IMAGE" >/dev/null 2>&1 || with_lock buildah make_base_image
}

make_base_image() {
  local archive=$CACHE/images/base-$SUITE.tar container
  mkdir -p "$CACHE/images"
  if [[ ! -e $archive ]]; then
    mmdebstrap --variant=minbase "$SUITE" "$archive.new.tar"
    mv "$archive.new.tar" "$archive"
  fi
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$archive"
  buildah config --cmd /bin/bash "$container"
  buildah commit --quiet --rm "$container" "$BASE_IMAGE"
}

# image_archive NAME KEY
image_archive() {
  echo "$CACHE/images/$1-$2.tar"
}

# build_image NAME KEY REFERENCE CONTEXT ARGUMENT...: builds REFERENCE from the folder CONTEXT, with
# further arguments to `buildah build`, into the archive NAME-KEY. Archives of the same name that
# nobody can be waiting for any more go.
build_image() {
  local name=$1 archive reference=$3 context=$4
  archive=$(image_archive "$1" "$2")
  shift 4
  [[ ! -e $archive ]] || return 0
  mkdir -p "$CACHE/images"
  find "$CACHE/images" -name "$name-*.tar*" -mmin +60 -delete
  build_layers "$reference" "$context" "$@"
  rm -f "$archive.new" # of a try that was cut off
  buildah push --quiet "$reference" "docker-archive:$archive.new:$reference"
  buildah rmi "$reference"
  mv "$archive.new" "$archive"
}

# build_layers REFERENCE CONTEXT ARGUMENT...: builds an image into buildah's store only.
build_layers() {
  local reference=$1 context=$2
  shift 2
  buildah build --quiet --isolation chroot --pull-never --layers --tag "$reference" \
    --build-arg "BASE=$BASE_IMAGE" "$@" "$context"
}

# import_image NAME KEY: puts the archive's image into the cluster, unless it is there already.
import_image() {
  local mark=$STATE/images/$1
  [[ $(cat "$mark" 2>/dev/null) != "$2" ]] || return 0
  ctr images import "$(image_archive "$1" "$2")"
  mkdir -p "$STATE/images"
  echo "$2" >"$mark"
}

pause_key() {
  hash_of deploy/local/images/pause
}

# ensure_pause_image: what containerd holds each pod's namespaces open with.
ensure_pause_image() {
  local key context
  key=$(pause_key)
  [[ ! -e $(image_archive pause "$key") ]] || return 0
  context=$(mktemp -d)
  gcc -static -Os -s -o "$context/pause" "$LOCAL_IMAGES/pause/pause.c"
  with_lock buildah build_image pause "$key" "$PAUSE_IMAGE" "$context" \
    --file "$LOCAL_IMAGES/pause/Containerfile"
  rm -r "$context"
}

ingress_nginx_key() {
  {
    hash_of deploy/local/images/ingress-nginx
    program_folder nginx-ingress-controller
    program_folder wait-shutdown
  } | hash_text
}

# ingress_nginx_tag: the chart wants to read a version of the controller in it.
ingress_nginx_tag() {
  echo "1.11.0-key-$(ingress_nginx_key)"
}

ensure_ingress_nginx_image() {
  local key context
  key=$(ingress_nginx_key)
  [[ ! -e $(image_archive ingress-nginx "$key") ]] || return 0
  ensure_base_image
  context=$(mktemp -d)
  cp "$LOCAL_IMAGES"/ingress-nginx/* "$context"
  cp "$BIN/nginx-ingress-controller" "$BIN/wait-shutdown" "$context"
  with_lock buildah build_image ingress-nginx "$key" "berth.local/ingress-nginx:$(ingress_nginx_tag)" "$context"
  rm -r "$context"
}

# The services of Berth; the names of their programs, images and final stages.
readonly SERVICES=(gateway helm-service port-service ingress-service)

# berth_key: of everything that the images of the host's build hold.
berth_key() {
  {
    hash_of deploy/images
    program helm
    cat "${SERVICES[@]/#/$ROOT/build/images/binaries/}"
  } | hash_text
}

# ensure_runtime_layers: what the four images share; kept under a tag, so that it is made once.
ensure_runtime_layers() {
  ensure_base_image
  mkdir -p "$ROOT/build/images/binaries"
  with_lock buildah build_layers "localhost/berth-runtime:$(hash_of deploy/images)" \
    "$ROOT/build/images" --file "$ROOT/deploy/images/Containerfile" \
    --build-arg BINARIES=prebuilt --target runtime
}

# ensure_berth_images: from the programs that the host built, into the final stages of the
# Containerfile. Debugging sections stay on the host.
ensure_berth_images() {
  local service key context=$ROOT/build/images
  mkdir -p "$context/binaries"
  cp "$BIN/helm" "$context/binaries/helm"
  for service in "${SERVICES[@]}"; do
    strip --strip-debug -o "$context/binaries/$service" "$BUILD/$service/$service"
  done
  key=$(berth_key)
  for service in "${SERVICES[@]}"; do
    with_lock buildah build_image "$service" "$key" "berth.local/$service:$key" "$context" \
      --file "$ROOT/deploy/images/Containerfile" --build-arg BINARIES=prebuilt --target "$service"
  done
}

# ensure_base_images: all that needs no program of ours or of others.
ensure_base_images() {
  ensure_pause_image
  ensure_runtime_layers
  ensure_echo_image
}

echo_key() {
  hash_of deploy/examples/echo/image
}

# ensure_echo_image: under the name that the example's chart uses.
ensure_echo_image() {
  ensure_base_image
  with_lock buildah build_image echo "$(echo_key)" localhost/berth/echo:1 \
    "$ROOT/deploy/examples/echo/image"
}
