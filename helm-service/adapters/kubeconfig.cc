#include "helm-service/adapters/kubeconfig.h"

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"

namespace berth::helm {

std::string WriteKubeconfig(const kube::Config& config) {
  using Json = nlohmann::json;
  Json cluster = {{"server", config.server}};
  if (!config.ca_pem.empty()) {
    cluster["certificate-authority-data"] = absl::Base64Escape(config.ca_pem);
  }
  if (config.insecure_skip_tls_verify) cluster["insecure-skip-tls-verify"] = true;

  Json user = Json::object();
  if (!config.token_file.empty()) {
    user["tokenFile"] = config.token_file;
  } else if (!config.token.empty()) {
    user["token"] = config.token;
  }
  if (!config.client_certificate_pem.empty()) {
    user["client-certificate-data"] = absl::Base64Escape(config.client_certificate_pem);
    user["client-key-data"] = absl::Base64Escape(config.client_key_pem);
  }

  // Kubeconfigs are YAML, and JSON is YAML.
  return Json{
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"current-context", "berth"},
      {"clusters", {{{"name", "berth"}, {"cluster", std::move(cluster)}}}},
      {"users", {{{"name", "berth"}, {"user", std::move(user)}}}},
      {"contexts", {{{"name", "berth"}, {"context", {{"cluster", "berth"}, {"user", "berth"}}}}}}}
      .dump();
}

}  // namespace berth::helm
