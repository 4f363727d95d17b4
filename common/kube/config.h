#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace berth::kube {

/// How to reach an API server and who we are there. Client certificates are read once; a token file
/// is read again for every request, because projected tokens are rotated in place.
struct Config {
  /// "https://host:port", without a path.
  std::string server;
  /// PEM of the authorities that may sign the server's certificate; empty means the system's.
  std::string ca_pem;
  bool insecure_skip_tls_verify = false;
  /// PEM of the client certificate and key; both or none.
  std::string client_certificate_pem;
  std::string client_key_pem;
  /// Bearer token; `token_file` wins if both are set.
  std::string token;
  std::string token_file;
  /// The context's namespace, or the pod's; "default" if neither says one.
  std::string default_namespace = "default";
};

/// Reads a kubeconfig file; `context` empty means its current-context. Relative file names in it
/// are relative to it. Refused with a reason, never ignored: `exec` and `auth-provider` users,
/// passwords, impersonation, proxies, tls-server-name. Use client certificates, a token or a
/// tokenFile.
absl::StatusOr<Config> ReadKubeconfig(const std::string& path, std::string_view context = "");
/// The same from text; `base_folder` is what relative file names are relative to.
absl::StatusOr<Config> ParseKubeconfig(const std::string& yaml, const std::string& base_folder,
                                       std::string_view context = "");

/// The ServiceAccount of the pod this runs in. FAILED_PRECONDITION outside of a cluster.
absl::StatusOr<Config> InClusterConfig();

/// `kubeconfig` if it is not empty, else InClusterConfig().
absl::StatusOr<Config> LoadConfig(const std::string& kubeconfig);

}  // namespace berth::kube
