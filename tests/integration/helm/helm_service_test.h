#pragma once

#include <grpcpp/client_context.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/status/grpc_status.h"
#include "gtest/gtest.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/helm/helm_service_process.h"

namespace berth::helm {

/// All that a stream of an operation brought.
template <typename Response>
struct Outcome {
  std::vector<operation::v1::OperationUpdate> updates;
  std::optional<Response> last;
  absl::Status status;

  std::string operation() const { return updates.empty() ? "" : updates.front().operation(); }
  std::vector<std::string> phases() const {
    std::vector<std::string> names;
    for (const auto& update : updates) {
      if (update.has_phase()) names.push_back(update.phase().phase());
    }
    return names;
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> texts;
    for (const auto& update : updates) {
      if (update.has_line()) texts.push_back(update.line().text());
    }
    return texts;
  }
};

/// Reads a stream to its end.
template <typename Response>
Outcome<Response> Drain(grpc::ClientReader<Response>& reader) {
  Outcome<Response> outcome;
  Response response;
  while (reader.Read(&response)) {
    if (response.has_update()) {
      outcome.updates.push_back(response.update());
    } else {
      outcome.last = response;
    }
  }
  outcome.status = FromGrpcStatus(reader.Finish());
  return outcome;
}

/// A helm-service with the Helm that the parameter names, a program in $BERTH_BIN, and a namespace
/// of its own; calls about a release "web" in it.
class HelmServiceTest : public ::testing::TestWithParam<std::string> {
 protected:
  HelmServiceTest();

  std::unique_ptr<HelmServiceProcess> StartService(int max_processes = 8,
                                                   std::vector<std::string> flags = {});

  v1::InstallReleaseRequest InstallRequest(const std::string& values = "note: hello") const;
  v1::UpgradeReleaseRequest UpgradeRequest(const std::string& values = "note: upgraded") const;
  v1::RollbackReleaseRequest RollbackRequest(int revision) const {
    auto request = Named<v1::RollbackReleaseRequest>();
    request.set_revision(revision);
    return request;
  }
  v1::UninstallReleaseRequest UninstallRequest() const {
    return Named<v1::UninstallReleaseRequest>();
  }
  /// A request that names the release.
  template <typename Request>
  Request Named() const {
    Request request;
    request.set_namespace_(ns_);
    request.set_name("web");
    return request;
  }

  Outcome<v1::InstallReleaseResponse> Install(const v1::InstallReleaseRequest& request) {
    grpc::ClientContext context;
    return Drain(*service_->helm().InstallRelease(&context, request));
  }
  Outcome<v1::UpgradeReleaseResponse> Upgrade(const v1::UpgradeReleaseRequest& request) {
    grpc::ClientContext context;
    return Drain(*service_->helm().UpgradeRelease(&context, request));
  }
  Outcome<v1::RollbackReleaseResponse> Rollback(const v1::RollbackReleaseRequest& request) {
    grpc::ClientContext context;
    return Drain(*service_->helm().RollbackRelease(&context, request));
  }
  Outcome<v1::UninstallReleaseResponse> Uninstall(const v1::UninstallReleaseRequest& request) {
    grpc::ClientContext context;
    return Drain(*service_->helm().UninstallRelease(&context, request));
  }
  absl::StatusOr<v1::Release> GetRelease();
  /// Name, revision and chart version of what ListReleases answers for the namespace.
  std::vector<std::string> ReleaseNames();
  void Cancel(const std::string& operation);
  /// The result of an operation, watched from whichever replica runs now.
  Outcome<operation::v1::WatchOperationResponse> Watch(const std::string& operation);

  /// What the service stored about operations.
  std::vector<kube::Json> OperationRecords();
  /// A key of the release's ConfigMap; "absent" without one.
  std::string ConfigMapValue(const std::string& key);
  /// The release's status as its Secret's label says; empty without that revision.
  std::string StatusOf(int revision);
  bool WaitForStatus(int revision, const std::string& status);
  /// Folders of Helm processes that were not removed.
  std::vector<std::string> RunFolders() const;
  /// Takes away the finalizer of a chart installed with `finalizer: true`.
  void ReleaseTheConfigMap();

  harness::ApiServer& api_;
  std::unique_ptr<kube::Client> client_;
  const std::string berth_;
  const std::string ns_;
  std::string folder_;
  std::unique_ptr<HelmServiceProcess> service_;
};

}  // namespace berth::helm
