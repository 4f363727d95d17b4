#include "tests/integration/gateway/programs.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "common/grpc/channel.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/example_pool.h"
#include "tests/integration/harness/free_port.h"
#include "tests/integration/harness/program_path.h"

namespace berth::gateway {
namespace {

using harness::Eventually;
using harness::FreePort;
using kube::Json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

std::string EchoChart(const std::string& folder) {
  const std::string target = folder + "/chart";
  auto helm = harness::Child::Start(
      {harness::ProgramPath("helm"), "package", ECHO_CHART, "-d", target}, folder + "/package.log");
  EXPECT_TRUE(helm.ok()) << helm.status();
  EXPECT_TRUE(Eventually([&] { return !helm->IsRunning(); }));
  for (const auto& entry : std::filesystem::directory_iterator(target)) {
    return ReadFile(entry.path());
  }
  ADD_FAILURE() << "helm packaged no chart: " << ReadFile(folder + "/package.log");
  return "";
}

Programs::Programs() {
  harness::MakeExamplePool(*client_, berth_);
  const Program programs[] = {Program::kPorts, Program::kIngress, Program::kHelm,
                              Program::kGateway};
  for (const Program program : programs) {
    processes_[program].port = FreePort();
  }
  for (const Program program : programs) {
    Start(program);
  }
  const auto channel = rpc::CreateChannel({.target = AddressOf(Program::kGateway)});
  gateway_ = gateway::v1::GatewayService::NewStub(channel);
  operations_ = operation::v1::OperationService::NewStub(channel);
  for (const Program program : programs) {
    AwaitServing(program);
  }
}

std::string Programs::AddressOf(Program program) const {
  return fmt::format("127.0.0.1:{}", processes_.at(program).port);
}

std::string Programs::LogFileOf(Program program) const {
  return fmt::format("{}/{}-{}.log", server_.folder(), berth_, processes_.at(program).port);
}

std::string Programs::Log(Program program) { return ReadFile(LogFileOf(program)); }

std::vector<std::string> Programs::CommandOf(Program program) const {
  std::vector<std::string> argv = {"--listen=" + AddressOf(program),
                                   "--metrics_listen=", "--kube.kubeconfig=" + server_.kubeconfig(),
                                   "--kube.namespace=" + berth_};
  const auto add = [&](std::string flag) { argv.push_back(std::move(flag)); };
  switch (program) {
    case Program::kGateway:
      argv.insert(argv.begin(), GATEWAY_BINARY);
      add("--helm_service.address=ipv4:" + AddressOf(Program::kHelm));
      add("--port_service.address=ipv4:" + AddressOf(Program::kPorts));
      add("--ingress_service.address=ipv4:" + AddressOf(Program::kIngress));
      add("--undo_timeout=60s");
      break;
    case Program::kHelm:
      argv.insert(argv.begin(), HELM_SERVICE_BINARY);
      add("--helm.binary=" + harness::ProgramPath("helm"));
      add(fmt::format("--helm.work_directory={}/{}-work", server_.folder(), berth_));
      break;
    case Program::kPorts:
      argv.insert(argv.begin(), PORT_SERVICE_BINARY);
      break;
    case Program::kIngress:
      argv.insert(argv.begin(), INGRESS_SERVICE_BINARY);
      add("--port_service.address=ipv4:" + AddressOf(Program::kPorts));
      add("--probe.enabled=false");
      break;
  }
  return argv;
}

void Programs::Start(Program program) {
  std::filesystem::create_directories(fmt::format("{}/{}-work", server_.folder(), berth_));
  auto child = harness::Child::Start(CommandOf(program), LogFileOf(program));
  ASSERT_TRUE(child.ok()) << child.status();
  processes_.at(program).child.emplace(*std::move(child));
}

void Programs::Kill(Program program) { processes_.at(program).child->Stop(SIGKILL); }

void Programs::AwaitServing(Program program) {
  // Each says so in one line, with its namespace.
  const std::string ready = "namespace=" + berth_;
  EXPECT_TRUE(Eventually([&] { return Log(program).find(ready) != std::string::npos; }))
      << Log(program);
}

std::string Programs::MakeTargetNamespace() {
  const std::string ns = server_.MakeNamespace();
  Json target = kube::NewObject(kube::kServices, {ns, "web"});
  target["spec"] = {{"ports", Json::array({{{"name", "http"}, {"port", 80}}})}};
  EXPECT_TRUE(client_->Create(kube::kServices, target).ok());
  return ns;
}

std::map<std::string, std::string> Programs::Entries() {
  const Json object = client_->Get(kube::kConfigMaps, {berth_, "tcp"}).value_or(Json());
  std::map<std::string, std::string> entries;
  for (const auto& [port, target] : kube::At(object, {"data"}).items()) {
    entries[port] = target.get<std::string>();
  }
  return entries;
}

std::map<std::string, std::string> Programs::ClaimStates() {
  std::map<std::string, std::string> states;
  const auto claims = client_->List(kube::kPortClaims, berth_);
  EXPECT_TRUE(claims.ok()) << claims.status();
  for (const Json& claim : claims->items) {
    states[kube::Name(claim)] = kube::StringAt(claim, {"spec", "state"});
  }
  return states;
}

bool Programs::IsQuiet() {
  std::set<std::string> rules;
  const auto list = client_->List(kube::kPortRules, berth_);
  EXPECT_TRUE(list.ok()) << list.status();
  for (const Json& rule : list->items) {
    if (kube::IsBeingDeleted(rule)) {
      return false;
    }
    rules.insert(kube::Name(rule));
  }
  std::set<std::string> bound;
  for (const auto& [name, state] : ClaimStates()) {
    if (state == "BOUND") {
      bound.insert(name);
    } else if (state != "QUARANTINED") {
      return false;
    }
  }
  return rules == bound && Entries().size() == bound.size();
}

bool Programs::HasRelease(const std::string& ns, const std::string& name) {
  const auto secrets =
      client_->List(kube::kSecrets, ns, {.label_selector = "owner=helm,name=" + name});
  EXPECT_TRUE(secrets.ok()) << secrets.status();
  return !secrets->items.empty();
}

}  // namespace berth::gateway
