#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/grpc/channel.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/child.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/example_pool.h"
#include "tests/integration/harness/free_port.h"

#include "berth/ingress/v1/ingress_service.grpc.pb.h"
#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::ingress {
namespace {

using harness::ApiServer;
using harness::Child;
using harness::Eventually;
using harness::FreePort;
using kube::Json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// The programs as they are deployed: port-service and two replicas of ingress-service.
class ProcessesIntegrationTest : public testing::Test {
 protected:
  ProcessesIntegrationTest() {
    Json target = kube::NewObject(kube::kServices, {ns_, "web"});
    target["spec"] = {{"ports", Json::array({{{"name", "http"}, {"port", 80}}})}};
    EXPECT_TRUE(client_->Create(kube::kServices, target).ok());
    harness::MakeExamplePool(*client_, ns_);

    port_port_ = FreePort();
    ports_ = {FreePort(), FreePort()};
    port_service_.emplace(Start(PORT_SERVICE_BINARY, port_port_, {}));
    for (const int port : ports_) {
      replicas_.push_back(StartReplica(port));
    }
    claims_ = port::v1::PortService::NewStub(
        rpc::CreateChannel({.target = fmt::format("ipv4:127.0.0.1:{}", port_port_)}));
    rules_ = v1::IngressService::NewStub(rpc::CreateChannel(
        {.target = fmt::format("ipv4:127.0.0.1:{},127.0.0.1:{}", ports_[0], ports_[1])}));
  }

  Child Start(const char* program, int port, const std::vector<std::string>& more) {
    std::vector<std::string> argv = {
        program, fmt::format("--listen=127.0.0.1:{}", port),
        "--metrics_listen=", "--kube.kubeconfig=" + server_.kubeconfig(),
        "--kube.namespace=" + ns_};
    argv.insert(argv.end(), more.begin(), more.end());
    return *Child::Start(argv, fmt::format("{}/{}.log", server_.folder(), port));
  }
  Child StartReplica(int port) {
    return Start(
        INGRESS_SERVICE_BINARY, port,
        {fmt::format("--port_service.address=127.0.0.1:{}", port_port_), "--probe.enabled=false"});
  }

  // A claim, whatever is killed meanwhile.
  port::v1::PortClaim Claim(const std::string& request_id) {
    port::v1::ClaimRequest request;
    request.set_pool("edge");
    request.set_owner("test");
    request.set_request_id(request_id);
    port::v1::PortClaim claim;
    EXPECT_TRUE(Eventually([&] {
      const auto response =
          rpc::Call(*claims_, &port::v1::PortService::StubInterface::Claim, request);
      if (!response.ok()) {
        last_error_ = Describe(response.status());
        return false;
      }
      claim = response->claims(0);
      return true;
    })) << last_error_;
    return claim;
  }

  bool Apply(const port::v1::PortClaim& claim) {
    v1::ApplyRulesRequest request;
    v1::RuleSpec& rule = *request.add_rules();
    rule.set_claim(claim.name());
    rule.set_claim_uid(claim.uid());
    rule.mutable_target()->set_namespace_(ns_);
    rule.mutable_target()->set_service("web");
    rule.mutable_target()->set_port_number(80);
    const auto response = rpc::Call(*rules_, &v1::IngressService::StubInterface::ApplyRules,
                                    request, {.timeout = seconds(10)});
    return response.ok() && response->results(0).status().code() == 0;
  }
  bool Delete(const port::v1::PortClaim& claim) {
    v1::DeleteRuleRequest request;
    request.set_name(claim.name());
    request.set_claim_uid(claim.uid());
    return rpc::Call(*rules_, &v1::IngressService::StubInterface::DeleteRule, request,
                     {.timeout = seconds(10)})
        .ok();
  }
  v1::PortRule::State StateOf(const port::v1::PortClaim& claim) {
    v1::GetRuleRequest request;
    request.set_name(claim.name());
    const auto response = rpc::Call(*rules_, &v1::IngressService::StubInterface::GetRule, request,
                                    {.timeout = seconds(10)});
    return response.ok() ? response->rule().state() : v1::PortRule::STATE_UNSPECIFIED;
  }

  // Does `act` for every claim from several callers until it works, while a replica is killed and
  // started again whenever some work has got done since the last time.
  void WhileKilling(const std::vector<port::v1::PortClaim>& claims,
                    const std::function<bool(const port::v1::PortClaim&)>& act) {
    std::atomic<std::size_t> next = 0;
    std::atomic<int> done = 0;
    std::atomic<int> running = 4;
    std::vector<std::jthread> callers;
    for (int i = 0; i < 4; ++i) {
      callers.emplace_back([&] {
        for (std::size_t j = next++; j < claims.size(); j = next++) {
          EXPECT_TRUE(Eventually([&] { return act(claims[j]); })) << claims[j].name();
          ++done;
        }
        --running;
      });
    }
    for (int kill = 0; running > 0; ++kill) {
      const int before = done;
      EXPECT_TRUE(Eventually([&] { return done > before || running == 0; }));
      std::this_thread::sleep_for(milliseconds(150 + 100 * (kill % 3)));
      replicas_[kill % 2].Stop(SIGKILL);
      replicas_[kill % 2] = StartReplica(ports_[kill % 2]);
    }
  }

  std::set<std::string> Entries() {
    const Json entries = client_->Get(kube::kConfigMaps, {ns_, "tcp"}).value_or(Json());
    std::set<std::string> ports;
    for (const auto& [key, value] : kube::At(entries, {"data"}).items()) {
      ports.insert(key);
    }
    return ports;
  }
  std::size_t ServicePorts() {
    const Json service = client_->Get(kube::kServices, {ns_, "nginx"}).value_or(Json());
    return kube::At(service, {"spec", "ports"}).size();
  }

  ApiServer& server_ = ApiServer::Shared();
  std::unique_ptr<kube::Client> client_ = server_.MakeClient();
  const std::string ns_ = server_.MakeNamespace();
  int port_port_ = 0;
  std::vector<int> ports_;
  std::optional<Child> port_service_;
  std::vector<Child> replicas_;
  std::unique_ptr<port::v1::PortService::Stub> claims_;
  std::unique_ptr<v1::IngressService::Stub> rules_;
  std::string last_error_;
};

TEST_F(ProcessesIntegrationTest, WatchersHearOfTheRulesOfTheirPool) {
  const port::v1::PortClaim early = Claim("early");
  EXPECT_TRUE(Eventually([&] { return Apply(early); }));
  EXPECT_TRUE(Eventually([&] { return StateOf(early) == v1::PortRule::STATE_PROGRAMMED; }));
  const auto open = [&](grpc::ClientContext& context, const std::string& pool) {
    context.set_deadline(std::chrono::system_clock::now() + seconds(60));
    v1::WatchRulesRequest request;
    request.set_pool(pool);
    return rules_->WatchRules(&context, request);
  };
  grpc::ClientContext of_pool;
  grpc::ClientContext of_other;
  const auto watch = open(of_pool, "edge");
  const auto other = open(of_other, "other");
  v1::WatchRulesResponse response;
  ASSERT_TRUE(other->Read(&response));
  EXPECT_TRUE(response.snapshot().complete() && response.snapshot().rules().empty());
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_TRUE(response.snapshot().complete());
  ASSERT_EQ(response.snapshot().rules_size(), 1);
  EXPECT_EQ(response.snapshot().rules(0).name(), early.name());

  const port::v1::PortClaim late = Claim("late");
  EXPECT_TRUE(Eventually([&] { return Apply(late); }));
  do {
    ASSERT_TRUE(watch->Read(&response));
    ASSERT_FALSE(response.has_removed());
  } while (response.changed().name() != late.name() ||
           response.changed().state() != v1::PortRule::STATE_PROGRAMMED);
  const std::string uid = response.changed().uid();
  EXPECT_TRUE(Eventually([&] { return Delete(late); }));
  do {
    ASSERT_TRUE(watch->Read(&response));
  } while (!response.has_removed());
  EXPECT_EQ(response.removed().name(), late.name());
  EXPECT_EQ(response.removed().uid(), uid);
  of_other.TryCancel();
  EXPECT_FALSE(other->Read(&response)) << response.ShortDebugString();
}

TEST_F(ProcessesIntegrationTest, RulesAndClaimsMatchOneToOneWhateverIsKilled) {
  std::vector<port::v1::PortClaim> claims;
  std::set<std::string> ports;
  for (int i = 0; i < 20; ++i) {
    claims.push_back(Claim("request-" + std::to_string(i)));
    ports.insert(std::to_string(claims.back().port()));
  }
  ASSERT_EQ(ports.size(), 20U);

  WhileKilling(claims, [&](const auto& claim) { return Apply(claim); });
  for (const port::v1::PortClaim& claim : claims) {
    EXPECT_TRUE(Eventually([&] { return StateOf(claim) == v1::PortRule::STATE_PROGRAMMED; }))
        << claim.name();
  }
  EXPECT_EQ(Entries(), ports);
  EXPECT_EQ(ServicePorts(), 21U);
  const auto bound = client_->List(kube::kPortClaims, ns_);
  ASSERT_TRUE(bound.ok());
  for (const Json& claim : bound->items) {
    EXPECT_EQ(kube::StringAt(claim, {"spec", "state"}), "BOUND");
  }

  WhileKilling(claims, [&](const auto& claim) { return Delete(claim); });
  EXPECT_TRUE(Eventually([&] {
    const auto rules = client_->List(kube::kPortRules, ns_);
    return rules.ok() && rules->items.empty();
  }));
  EXPECT_TRUE(Entries().empty());
  EXPECT_EQ(ServicePorts(), 1U);
  EXPECT_TRUE(Eventually([&] {
    const auto left = client_->List(kube::kPortClaims, ns_);
    return left.ok() && std::all_of(left->items.begin(), left->items.end(), [](const Json& claim) {
             return kube::StringAt(claim, {"spec", "state"}) == "QUARANTINED";
           });
  }));
}

}  // namespace
}  // namespace berth::ingress
