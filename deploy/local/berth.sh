# shellcheck shell=bash
# Berth in the cluster: images of the host's build, its chart, and the example that shows it works.

readonly BERTH_NAMESPACE=berth-system

install_berth() { step 'Ports on this host' publish; }
show_main_job() { :; }
prepare_up() {
  step "Programs of others" ensure_programs all
  BIN=$(programs_folder)
  step "Images" prepare_images
}
prepare_images() { ensure_pause_image; ensure_ingress_nginx_image; }
