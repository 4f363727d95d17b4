#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/config.h"
#include "tests/integration/harness/child.h"

namespace berth::harness {

/// A real etcd and kube-apiserver on free ports of 127.0.0.1, with Berth's custom resources, in a
/// temporary folder that goes with it. The programs come from the folder $BERTH_BIN. Ready in about
/// 3 s. Start and restart it on a thread that lives as long as it (see Child). Not thread safe;
/// what it hands out may be used anywhere.
class ApiServer {
 public:
  struct Options {
    /// Added to kube-apiserver's own.
    std::vector<std::string> api_server_flags;
  };

  /// FAILED_PRECONDITION with what to do if $BERTH_BIN is not set.
  static absl::StatusOr<std::unique_ptr<ApiServer>> Start(Options options);
  /// The one of this test program, started by the first call. Ends the program if it cannot start:
  /// no test could say anything then.
  static ApiServer& Shared();
  ~ApiServer();

  /// An administrator, by client certificate.
  const kube::Config& config() const { return config_; }
  /// A kubeconfig file of the same.
  std::string kubeconfig() const { return folder_ + "/kubeconfig"; }
  /// A bearer token of the user "reader", who has no rights until a test binds some.
  static std::string reader_token() { return "reader-token"; }
  /// A bearer token of an administrator.
  static std::string admin_token() { return "admin-token"; }
  const std::string& folder() const { return folder_; }
  int port() const { return api_port_; }

  std::unique_ptr<kube::Client> MakeClient() const;
  /// A new namespace with a name of its own.
  std::string MakeNamespace();

  /// Ends kube-apiserver at once, as a crash does; etcd goes on.
  void Kill();
  /// Starts it again on the same port and waits until it is ready.
  absl::Status StartAgain();
  /// Copies etcd's store away, and later puts it back: what restoring a backup does. Both restart
  /// etcd and kube-apiserver.
  absl::Status SaveStore();
  absl::Status RestoreStore();
  /// Forgets all revisions before the present one.
  absl::Status CompactStore();

 private:
  ApiServer(std::string folder, std::string programs, Options options);
  absl::Status StartEtcd();
  absl::Status StartApiServer();
  absl::Status WaitUntilReady();
  absl::Status CopyStore(const std::string& from, const std::string& to);

  const std::string folder_;
  const std::string programs_;
  const Options options_;
  int etcd_port_ = 0;
  int etcd_peer_port_ = 0;
  int api_port_ = 0;
  kube::Config config_;
  int namespaces_made_ = 0;
  std::optional<Child> etcd_;
  std::optional<Child> api_server_;
};

}  // namespace berth::harness
