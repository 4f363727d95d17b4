#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/integration/harness/child.h"

#include "berth/helm/v1/chart_service.grpc.pb.h"
#include "berth/helm/v1/helm_service.grpc.pb.h"
#include "berth/operation/v1/operation_service.grpc.pb.h"

namespace berth::helm {

/// A running helm-service, as it is shipped, with clients.
class HelmServiceProcess {
 public:
  struct Options {
    std::string kubeconfig;
    /// Berth's namespace.
    std::string ns;
    /// The helm program.
    std::string helm;
    /// For its log and its working folders; shared by replicas.
    std::string folder;
    int max_processes = 8;
    /// Further ones, "--key=value".
    std::vector<std::string> flags = {};
  };

  /// Starts it and waits until it serves.
  static absl::StatusOr<std::unique_ptr<HelmServiceProcess>> Start(const Options& options);

  v1::HelmService::Stub& helm() { return *helm_; }
  v1::ChartService::Stub& charts() { return *charts_; }
  operation::v1::OperationService::Stub& operations() { return *operations_; }

  /// Pids of the Helm processes that it runs for operations.
  std::vector<pid_t> HelmPids() const;
  /// Waits for one that has become Helm, and returns its pid; -1 after a while.
  pid_t WaitForHelm() const;

  /// Ends it as a crash does.
  void Kill() { child_.Stop(9); }
  /// Ends it as Kubernetes does, and waits for that.
  void Terminate() { child_.Stop(15); }
  pid_t pid() const { return child_.pid(); }

  std::string Log() const;

 private:
  HelmServiceProcess(harness::Child child, std::string log_file)
      : child_(std::move(child)), log_file_(std::move(log_file)) {}

  harness::Child child_;
  const std::string log_file_;
  std::unique_ptr<v1::HelmService::Stub> helm_;
  std::unique_ptr<v1::ChartService::Stub> charts_;
  std::unique_ptr<operation::v1::OperationService::Stub> operations_;
};

}  // namespace berth::helm
