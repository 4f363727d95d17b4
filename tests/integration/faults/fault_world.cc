#include "tests/integration/faults/fault_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>

#include "common/grpc/channel.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/example_pool.h"
#include "tests/integration/harness/free_port.h"

namespace berth::faults {
namespace {

using kube::Json;

constexpr double kOdds = 0.05;
// Smaller than what lies between a claim's end and the ledger's idea of it.
constexpr int kClockStepSeconds = 20;

void WriteKubeconfig(const std::string& path, int port) {
  std::ofstream(path) << fmt::format(R"(apiVersion: v1
kind: Config
current-context: test
contexts: [{{name: test, context: {{cluster: test, user: test, namespace: default}}}}]
clusters: [{{name: test, cluster: {{server: "http://127.0.0.1:{}"}}}}]
users: [{{name: test, user: {{token: the-proxy-has-its-own}}}}]
)",
                                     port);
}

}  // namespace

FaultWorld::FaultWorld(std::uint64_t seed) {
  auto server = harness::ApiServer::Start({});
  if (!server.ok()) {
    fmt::print(stderr, "no API server to test against: {}\n", server.status().ToString());
    std::abort();
  }
  server_ = *std::move(server);
  client_ = server_->MakeClient();
  ns_ = server_->MakeNamespace();
  MakeObjects();
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    Prepare(processes_[i], i < 2 ? PORT_SERVICE_BINARY : INGRESS_SERVICE_BINARY, seed + i);
  }
  const std::string ports =
      fmt::format("ipv4:127.0.0.1:{},127.0.0.1:{}", processes_[0].port, processes_[1].port);
  for (const std::size_t i : {2, 3}) {
    processes_[i].flags = {"--port_service.address=" + ports, "--probe.enabled=false",
                           "--loop.resync_interval=5s", "--loop.absence_interval=1s"};
  }
  claims_ = port::v1::PortService::NewStub(rpc::CreateChannel({.target = ports}));
  rules_ = ingress::v1::IngressService::NewStub(
      rpc::CreateChannel({.target = fmt::format("ipv4:127.0.0.1:{},127.0.0.1:{}",
                                                processes_[2].port, processes_[3].port)}));
  for (Process& process : processes_) Start(process);
  WaitUntilServing();
  for (Process& process : processes_) process.proxy->Spoil(kOdds);
}

void FaultWorld::WaitUntilServing() {
  EXPECT_TRUE(harness::Eventually([&] {
    return rpc::Call(*claims_, &port::v1::PortService::StubInterface::ListClaims, {}).ok() &&
           rpc::Call(*rules_, &ingress::v1::IngressService::StubInterface::ListRules, {}).ok();
  }));
}

void FaultWorld::MakeObjects() {
  Json target = kube::NewObject(kube::kServices, {ns_, "web"});
  target["spec"] = {{"ports", Json::array({{{"name", "http"}, {"port", 80}}})}};
  EXPECT_TRUE(client_->Create(kube::kServices, target).ok());
  Json entries = kube::NewObject(kube::kConfigMaps, {ns_, "tcp"});
  entries["data"] = Json::object();
  EXPECT_TRUE(client_->Create(kube::kConfigMaps, entries).ok());
  harness::MakeExamplePool(*client_, ns_);
  EXPECT_TRUE(
      client_->Patch(kube::kPortPools, {ns_, "edge"}, {{"spec", {{"quarantineSeconds", 0}}}}).ok());
}

void FaultWorld::Prepare(Process& process, const std::string& program, std::uint64_t seed) {
  process.program = program;
  process.port = harness::FreePort();
  process.proxy = *harness::FaultProxy::Start(server_->config(), seed);
  WriteKubeconfig(fmt::format("{}/{}.kubeconfig", server_->folder(), process.port),
                  process.proxy->port());
}

void FaultWorld::Start(Process& process) {
  std::vector<std::string> argv = {
      process.program,
      fmt::format("--listen=127.0.0.1:{}", process.port),
      "--metrics_listen=",
      fmt::format("--kube.kubeconfig={}/{}.kubeconfig", server_->folder(), process.port),
      "--kube.namespace=" + ns_,
  };
  argv.insert(argv.end(), process.flags.begin(), process.flags.end());
  process.child =
      *harness::Child::Start(argv, fmt::format("{}/{}.log", server_->folder(), process.port));
}

void FaultWorld::Fail(std::mt19937_64& random) {
  Process& process = processes_[random() % processes_.size()];
  const std::uint64_t kind = random() % 16;
  if (kind == 0) {
    ++counts_["API server restarted"];
    server_->Kill();
    const absl::Status started = server_->StartAgain();
    EXPECT_TRUE(started.ok()) << started;
  } else if (kind < 6) {
    ++counts_["process killed"];
    process.child->Stop(SIGKILL);
    Start(process);
  } else if (kind < 9) {
    ++counts_["watches cut"];
    process.proxy->CutWatches();
  } else if (kind < 11) {
    ++counts_["watches held"];
    process.proxy->HoldWatches(true);
  } else if (kind < 14) {
    for (Process& each : processes_) each.proxy->HoldWatches(false);
  } else {
    ++counts_["clock stepped"];
    const int step = static_cast<int>(random() % (2 * kClockStepSeconds + 1)) - kClockStepSeconds;
    process.proxy->StepClock(std::chrono::seconds(step));
  }
  // A service ends itself when it cannot start in time; what runs containers starts it again.
  for (Process& each : processes_) {
    if (!each.child->IsRunning()) {
      ++counts_["process ended by itself"];
      Start(each);
    }
  }
}

void FaultWorld::Calm() {
  for (Process& process : processes_) {
    process.proxy->Spoil(0);
    process.proxy->HoldWatches(false);
    process.proxy->StepClock(std::chrono::seconds(0));
    if (!process.child->IsRunning()) Start(process);
  }
}

std::map<std::string, int> FaultWorld::Counts() const {
  std::map<std::string, int> all = counts_;
  for (const Process& process : processes_) {
    for (const auto& [fault, count] : process.proxy->Counts()) all[fault] += count;
  }
  return all;
}

}  // namespace berth::faults
