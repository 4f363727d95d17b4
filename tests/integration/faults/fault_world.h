#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "common/kube/client.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/child.h"
#include "tests/integration/harness/fault_proxy.h"

#include "berth/ingress/v1/ingress_service.grpc.pb.h"
#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::faults {

/// An API server, two processes each of port-service and ingress-service, a FaultProxy between it
/// and each of them, and the pool "edge" of TCP and UDP ports 20000 to 20099 without quarantine.
/// What starts, stops or spoils is for the thread that made it; the rest is thread safe.
class FaultWorld {
 public:
  explicit FaultWorld(std::uint64_t seed);

  /// One fault, drawn at random: a process is killed and started again, the API server restarts,
  /// watches are cut, held or let go, a clock steps.
  void Fail(std::mt19937_64& random);
  /// No fault any more; everything runs.
  void Calm();
  std::map<std::string, int> Counts() const;

  kube::Client& client() { return *client_; }
  const std::string& ns() const { return ns_; }
  port::v1::PortService::Stub& claims() { return *claims_; }
  ingress::v1::IngressService::Stub& rules() { return *rules_; }

 private:
  struct Process {
    std::string program;
    int port = 0;
    std::unique_ptr<harness::FaultProxy> proxy;
    std::vector<std::string> flags;
    std::optional<harness::Child> child;
  };

  void Prepare(Process& process, const std::string& program, std::uint64_t seed);
  void Start(Process& process);
  void MakeObjects();
  void WaitUntilServing();

  std::unique_ptr<harness::ApiServer> server_;
  std::unique_ptr<kube::Client> client_;
  std::string ns_;
  std::array<Process, 4> processes_;
  std::unique_ptr<port::v1::PortService::Stub> claims_;
  std::unique_ptr<ingress::v1::IngressService::Stub> rules_;
  std::map<std::string, int> counts_;
};

}  // namespace berth::faults
