#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/grpc/server.h"
#include "common/kube/client.h"
#include "common/metrics/metrics.h"
#include "port-service/adapters/port_engine.h"
#include "port-service/transport/port_service.h"
#include "tests/integration/harness/api_server.h"

#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::port {

/// One replica of port-service in this process, with a server on a free port of 127.0.0.1 and a
/// client to it.
class Replica {
 public:
  /// Ends the test program if it cannot be started.
  Replica(std::unique_ptr<kube::Client> client, const PortEngine::Options& options);
  ~Replica();

  v1::PortService::Stub& stub() { return *stub_; }
  /// Ends all calls, as a process that is told to stop does.
  void Drain();
  metrics::Registry& metrics() { return metrics_; }

 private:
  const std::unique_ptr<kube::Client> client_;
  metrics::Registry metrics_{"port"};
  PortEngine engine_;
  rpc::Server server_;
  PortServiceImpl service_;
  std::unique_ptr<v1::PortService::Stub> stub_;
};

/// A namespace that holds a load balancer, the ConfigMaps of its controller and Berth's objects.
class PortNamespace {
 public:
  struct PoolSpec {
    std::string name = "edge";
    std::string service = "controller";
    int first = 20000;
    int last = 20299;
    int claim_ttl_seconds = 600;
    int quarantine_seconds = 600;
    /// spec.quotas; none if null.
    kube::Json quotas = nullptr;
  };

  /// On the shared API server.
  PortNamespace();
  explicit PortNamespace(harness::ApiServer& server);

  const std::string& name() const { return ns_; }
  kube::Client& client() { return *client_; }

  /// A Service of type LoadBalancer with `address` in its status, none if that is empty.
  void MakeLoadBalancer(const std::string& name, const std::string& address);
  void SetAddress(const std::string& service, const std::string& address);
  void MakePool(const PoolSpec& spec);
  /// A Gateway that serves HTTP on port 80, with `address` in its status.
  void MakeGateway(const std::string& name, const std::string& address);
  void SetGatewayStatus(const std::string& name, const kube::Json& status);
  /// A pool of the Gateway, ports 20000 to 20009.
  void MakeGatewayPool(const std::string& name, const std::string& gateway);

  /// Reads an object, lets `change` edit it, writes it; tried again when it changed meanwhile.
  void Change(const kube::Resource& resource, const std::string& name,
              const std::function<void(kube::Json& object)>& change);
  void MakeConfigMap(const std::string& name, const kube::Json& data);
  /// A rule for the claim, as ingress-service stores it; no finalizer.
  void MakeRule(const std::string& claim, const std::string& claim_uid,
                const std::string& pool_uid);
  /// As kubectl does: no preconditions.
  void Delete(const kube::Resource& resource, const std::string& name);

  /// The object, or null if there is none.
  kube::Json Get(const kube::Resource& resource, const std::string& name);
  std::vector<kube::Json> List(const kube::Resource& resource);
  /// spec.state of a claim; "GONE" if there is none.
  std::string StateOf(const std::string& claim);
  /// Status and reason of a pool's condition Ready: "False/PoolsOverlap"; empty without it.
  std::string ReadyOf(const std::string& pool);

 private:
  const std::unique_ptr<kube::Client> client_;
  const std::string ns_;
};

/// A request for one TCP port; `port` 0 leaves the choice to the server.
v1::ClaimRequest ClaimFor(const std::string& request_id, int port = 0);

/// Calls that must succeed; a failure is a failure of the test, and the answer is empty.
v1::PortClaim MustClaim(v1::PortService::Stub& stub, const v1::ClaimRequest& request);
v1::PortClaim MustBind(v1::PortService::Stub& stub, const v1::PortClaim& claim);

/// Calls made by hand, with a deadline.
absl::StatusOr<v1::ClaimResponse> CallClaim(v1::PortService::Stub& stub,
                                            const v1::ClaimRequest& request);
absl::StatusOr<v1::BindClaimResponse> CallBind(v1::PortService::Stub& stub, const std::string& name,
                                               const std::string& uid);
absl::StatusOr<v1::UnbindClaimResponse> CallUnbind(v1::PortService::Stub& stub,
                                                   const std::string& name, const std::string& uid);
absl::StatusOr<v1::ReleaseClaimResponse> CallRelease(v1::PortService::Stub& stub,
                                                     const std::string& name,
                                                     const std::string& uid);
absl::StatusOr<v1::PortPool> GetPool(v1::PortService::Stub& stub, const std::string& name);

}  // namespace berth::port
