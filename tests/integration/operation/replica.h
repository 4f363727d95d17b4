#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/grpc/server.h"
#include "common/kube/client.h"
#include "common/metrics/metrics.h"
#include "common/operation/manager.h"
#include "common/operation/operation_service.h"
#include "common/operation/stream.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/tcp_proxy.h"
#include "tests/integration/operation/gated_handler.h"

#include "berth/helm/v1/helm_service.grpc.pb.h"
#include "berth/operation/v1/operation_service.grpc.pb.h"

namespace berth::operation {

inline constexpr char kInstall[] = "berth.helm.v1.HelmService/InstallRelease";

/// InstallRelease, served from a manager as helm-service does it.
class InstallService final : public helm::v1::HelmService::WithCallbackMethod_InstallRelease<
                                 helm::v1::HelmService::Service> {
 public:
  InstallService(Manager& manager, rpc::StreamRegistry& streams)
      : manager_(manager), streams_(streams) {}

  grpc::ServerWriteReactor<helm::v1::InstallReleaseResponse>* InstallRelease(
      grpc::CallbackServerContext* context,
      const helm::v1::InstallReleaseRequest* request) override;

 private:
  Manager& manager_;
  rpc::StreamRegistry& streams_;
};

/// Where replicas find each other.
class Addresses {
 public:
  void Set(const std::string& name, int port);
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& name);

 private:
  Mutex mutex_;
  std::map<std::string, int> ports_ ABSL_GUARDED_BY(mutex_);
};

/// One replica of a service: a manager with its own way to the API server, which a test can cut,
/// and a gRPC server on loopback.
class Replica {
 public:
  struct Settings {
    std::string name;
    std::string kube_namespace;
    LivenessTimes liveness;
    Retention retention = {};
    std::chrono::milliseconds retention_every = std::chrono::minutes(1);
  };

  Replica(harness::ApiServer& api_server, Addresses& addresses, GatedHandler& handler,
          Settings settings);
  ~Replica();

  Manager& manager() { return *manager_; }
  v1::OperationService::Stub& operations() { return *operations_; }
  helm::v1::HelmService::Stub& installs() { return *installs_; }

  /// From here on no byte passes between it and the API server: it is as good as dead, and learns
  /// so by itself.
  void Isolate() { proxy_->Stall(true); }
  /// Whether it was told that its Lease is lost.
  bool lease_lost() const { return lease_lost_; }
  /// As a pod's orderly end.
  void Stop();

 private:
  std::atomic<bool> lease_lost_ = false;
  std::unique_ptr<harness::TcpProxy> proxy_;
  std::unique_ptr<kube::Client> client_;
  metrics::Registry metrics_{"test"};
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Manager> manager_;
  std::unique_ptr<OperationServiceImpl> operation_service_;
  std::unique_ptr<InstallService> install_service_;
  std::unique_ptr<v1::OperationService::Stub> operations_;
  std::unique_ptr<helm::v1::HelmService::Stub> installs_;
};

}  // namespace berth::operation
