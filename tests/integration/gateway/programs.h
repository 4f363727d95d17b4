#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/json.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/child.h"

#include "berth/gateway/v1/gateway_service.grpc.pb.h"
#include "berth/helm/v1/helm_service.grpc.pb.h"
#include "berth/operation/v1/operation_service.grpc.pb.h"

namespace berth::gateway {

/// The echo chart as an archive.
std::string EchoChart(const std::string& folder);

/// Berth's four programs in a namespace of their own, with one pool on one load balancer that
/// nobody serves: rules count as programmed once they are written.
class Programs {
 public:
  enum class Program { kGateway, kHelm, kPorts, kIngress };

  Programs();

  /// Ends the program at once, as a crash does.
  void Kill(Program program);
  /// Starts it again where it was.
  void Start(Program program);
  /// Until it says that it serves.
  void AwaitServing(Program program);

  kube::Client& client() { return *client_; }
  const std::string& berth_namespace() const { return berth_; }
  /// A new namespace with a Service "web" of TCP port 80.
  std::string MakeTargetNamespace();

  gateway::v1::GatewayService::Stub& gateway() { return *gateway_; }
  operation::v1::OperationService::Stub& operations() { return *operations_; }

  /// Entries of the load balancer's ConfigMap: port to target.
  std::map<std::string, std::string> Entries();
  /// "edge.tcp.20000": "BOUND".
  std::map<std::string, std::string> ClaimStates();
  /// Rules and bound claims match one to one, and everything else is in quarantine.
  bool IsQuiet();
  bool HasRelease(const std::string& ns, const std::string& name);
  /// The log of a program, for failures.
  std::string Log(Program program);

 private:
  struct Process {
    int port = 0;
    std::optional<harness::Child> child;
  };
  std::vector<std::string> CommandOf(Program program) const;
  std::string LogFileOf(Program program) const;
  std::string AddressOf(Program program) const;

  harness::ApiServer& server_ = harness::ApiServer::Shared();
  std::unique_ptr<kube::Client> client_ = server_.MakeClient();
  const std::string berth_ = server_.MakeNamespace();
  std::map<Program, Process> processes_;
  std::unique_ptr<gateway::v1::GatewayService::Stub> gateway_;
  std::unique_ptr<operation::v1::OperationService::Stub> operations_;
};

}  // namespace berth::gateway
