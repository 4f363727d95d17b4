#include "common/kube/config.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "common/status/macros.h"

namespace berth::kube {
namespace {

namespace fs = std::filesystem;

constexpr char kServiceAccountFolder[] = "/var/run/secrets/kubernetes.io/serviceaccount";

absl::StatusOr<std::string> ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(fmt::format("cannot read '{}'", path.string()));
  std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (in.bad()) return absl::InternalError(fmt::format("reading '{}' failed", path.string()));
  return text;
}

std::string Trim(const std::string& text) {
  constexpr char kSpace[] = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

absl::StatusOr<std::string> DecodeBase64(std::string text) {
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
  std::vector<unsigned char> decoded(text.size());
  const int size =
      EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (size < 0) return absl::InvalidArgumentError("not base64");
  // EVP_DecodeBlock counts the padding as bytes.
  const auto padding = static_cast<std::size_t>(std::count(text.begin(), text.end(), '='));
  return std::string(decoded.begin(), decoded.begin() + size - static_cast<int>(padding));
}

std::string Scalar(const YAML::Node& parent, const char* key) {
  const YAML::Node node = parent.IsMap() ? parent[key] : YAML::Node();
  return node && node.IsScalar() ? node.Scalar() : std::string();
}

/// The body of the entry of a kubeconfig list ("clusters", key "cluster") that has this name.
absl::StatusOr<YAML::Node> FindEntry(const YAML::Node& root, const char* list, const char* key,
                                     const std::string& name) {
  const YAML::Node entries = root[list];
  if (entries && entries.IsSequence()) {
    for (const YAML::Node& entry : entries) {
      if (Scalar(entry, "name") == name && entry[key] && entry[key].IsMap()) return entry[key];
    }
  }
  return absl::NotFoundError(fmt::format("no {} named '{}' under '{}'", key, name, list));
}

absl::Status RefuseUnsupported(const YAML::Node& node, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (node[key]) {
      return absl::InvalidArgumentError(fmt::format("'{}' is not supported", key));
    }
  }
  return absl::OkStatus();
}

/// PEM given inline ("client-key-data") or as a file ("client-key"); empty if neither.
absl::StatusOr<std::string> Pem(const YAML::Node& node, const std::string& key,
                                const fs::path& base) {
  if (const std::string data = Scalar(node, (key + "-data").c_str()); !data.empty()) {
    auto decoded = DecodeBase64(data);
    if (!decoded.ok()) return absl::InvalidArgumentError(fmt::format("{}-data: not base64", key));
    return decoded;
  }
  const std::string file = Scalar(node, key.c_str());
  if (file.empty()) return std::string();
  return ReadFile(base / file);
}

absl::Status ReadCluster(const YAML::Node& cluster, const fs::path& base, Config& config) {
  RETURN_IF_ERROR(RefuseUnsupported(cluster, {"proxy-url", "tls-server-name"}));
  config.server = Scalar(cluster, "server");
  while (config.server.ends_with('/')) config.server.pop_back();
  if (config.server.empty()) return absl::InvalidArgumentError("the cluster has no server");
  ASSIGN_OR_RETURN(config.ca_pem, Pem(cluster, "certificate-authority", base));
  config.insecure_skip_tls_verify = Scalar(cluster, "insecure-skip-tls-verify") == "true";
  return absl::OkStatus();
}

absl::Status ReadUser(const YAML::Node& user, const fs::path& base, Config& config) {
  RETURN_IF_ERROR(RefuseUnsupported(
      user, {"exec", "auth-provider", "username", "password", "as", "as-groups", "as-uid"}));
  ASSIGN_OR_RETURN(config.client_certificate_pem, Pem(user, "client-certificate", base));
  ASSIGN_OR_RETURN(config.client_key_pem, Pem(user, "client-key", base));
  if (config.client_certificate_pem.empty() != config.client_key_pem.empty()) {
    return absl::InvalidArgumentError("client certificate and client key go together");
  }
  config.token = Scalar(user, "token");
  const std::string token_file = Scalar(user, "tokenFile");
  if (!token_file.empty()) config.token_file = base / token_file;
  return absl::OkStatus();
}

absl::StatusOr<Config> ReadContext(const YAML::Node& root, const fs::path& base,
                                   std::string_view wanted) {
  const std::string name = wanted.empty() ? Scalar(root, "current-context") : std::string(wanted);
  if (name.empty()) return absl::InvalidArgumentError("no current-context");
  ASSIGN_OR_RETURN(const YAML::Node context, FindEntry(root, "contexts", "context", name));
  ASSIGN_OR_RETURN(const YAML::Node cluster,
                   FindEntry(root, "clusters", "cluster", Scalar(context, "cluster")));
  Config config;
  RETURN_IF_ERROR(ReadCluster(cluster, base, config));
  if (const std::string user_name = Scalar(context, "user"); !user_name.empty()) {
    ASSIGN_OR_RETURN(const YAML::Node user, FindEntry(root, "users", "user", user_name));
    RETURN_IF_ERROR(ReadUser(user, base, config));
  }
  if (const std::string ns = Scalar(context, "namespace"); !ns.empty()) {
    config.default_namespace = ns;
  }
  return config;
}

absl::Status WithPrefix(const absl::Status& status, std::string_view prefix) {
  return {status.code(), fmt::format("{}: {}", prefix, std::string(status.message()))};
}

}  // namespace

absl::StatusOr<Config> ReadKubeconfig(const std::string& path, std::string_view context) {
  ASSIGN_OR_RETURN(const std::string yaml, ReadFile(path));
  auto config = ParseKubeconfig(yaml, fs::absolute(path).parent_path(), context);
  if (!config.ok()) return WithPrefix(config.status(), fmt::format("kubeconfig '{}'", path));
  return config;
}

absl::StatusOr<Config> ParseKubeconfig(const std::string& yaml, const std::string& base_folder,
                                       std::string_view context) {
  try {
    const YAML::Node root = YAML::Load(yaml);
    if (!root.IsMap()) return absl::InvalidArgumentError("not a YAML map");
    return ReadContext(root, base_folder, context);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(fmt::format("not valid YAML: {}", error.what()));
  }
}

absl::StatusOr<Config> InClusterConfig() {
  const char* host = std::getenv("KUBERNETES_SERVICE_HOST");
  const char* port = std::getenv("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || port == nullptr) {
    return absl::FailedPreconditionError(
        "not in a pod: KUBERNETES_SERVICE_HOST is not set; name a kubeconfig");
  }
  const fs::path folder = kServiceAccountFolder;
  const bool is_ipv6 = std::string_view(host).find(':') != std::string_view::npos;
  Config config;
  config.server = is_ipv6 ? fmt::format("https://[{}]:{}", host, port)
                          : fmt::format("https://{}:{}", host, port);
  ASSIGN_OR_RETURN(config.ca_pem, ReadFile(folder / "ca.crt"));
  config.token_file = folder / "token";
  ASSIGN_OR_RETURN(const std::string ns, ReadFile(folder / "namespace"));
  config.default_namespace = Trim(ns);
  return config;
}

absl::StatusOr<Config> LoadConfig(const std::string& kubeconfig) {
  return kubeconfig.empty() ? InClusterConfig() : ReadKubeconfig(kubeconfig);
}

}  // namespace berth::kube
