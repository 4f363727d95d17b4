#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/process/unique_fd.h"
#include "common/status/status.h"
#include "ingress-service/adapters/rule_engine.h"
#include "ingress-service/domain/rule_status.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/ingress/fake_port_service.h"
#include "tests/integration/ingress/mortal_transport.h"
#include "tests/integration/ingress/replica.h"

namespace berth::ingress {
namespace {

using harness::ApiServer;
using harness::Eventually;
using kube::Json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class IngressIntegrationTest : public testing::Test {
 protected:
  IngressIntegrationTest() {
    Json entries = kube::NewObject(kube::kConfigMaps, tcp_);
    entries["data"] = {{"9000", "theirs/svc:1"}, {"note", "by hand"}};
    entries["metadata"]["labels"] = {{"owner", "somebody"}};
    MustCreate(kube::kConfigMaps, entries);

    Json service = kube::NewObject(kube::kServices, load_balancer_);
    service["spec"] = {
        {"type", "LoadBalancer"},
        {"allocateLoadBalancerNodePorts", false},
        {"selector", {{"app", "nginx"}}},
        {"ports", Json::array({{{"name", "http"}, {"port", 80}, {"targetPort", "http"}},
                               {{"name", "https"}, {"port", 443}, {"targetPort", "https"}}})}};
    service = MustCreate(kube::kServices, service);
    service["status"]["loadBalancer"]["ingress"] = Json::array({{{"ip", "127.0.0.1"}}});
    EXPECT_TRUE(client_->UpdateStatus(kube::kServices, service).ok());

    Json target = kube::NewObject(kube::kServices, {ns_, "web"});
    target["spec"] = {{"ports", Json::array({{{"name", "http"}, {"port", 80}}})}};
    MustCreate(kube::kServices, target);

    Json pool = kube::NewObject(kube::kPortPools, {ns_, "edge"});
    pool["spec"] = {{"driver", "configmap"},
                    {"loadBalancers",
                     Json::array({{{"kind", "Service"}, {"namespace", ns_}, {"name", "nginx"}}})},
                    {"portRange", {{"first", 1024}, {"last", 65535}}},
                    {"configmap",
                     {{"tcpServices", {{"namespace", ns_}, {"name", "tcp"}}},
                      {"udpServices", {{"namespace", ns_}, {"name", "udp"}}}}}};
    pool_uid_ = kube::Uid(MustCreate(kube::kPortPools, pool));
    loop_.probe = false;
    loop_.parallel_calls = 8;
    loop_.absence_interval = milliseconds(300);
  }

  std::unique_ptr<Replica> MakeReplica() {
    return std::make_unique<Replica>(server_.config(), ns_, port_service_.address(), loop_);
  }

  Json MustCreate(const kube::Resource& resource, const Json& object) {
    absl::StatusOr<Json> created = client_->Create(resource, object);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.value_or(Json::object());
  }

  static std::string NameOf(int port, const std::string& protocol = "tcp") {
    return "edge." + protocol + "." + std::to_string(port);
  }

  // A claim as port-service hands it out.
  WantedRule Claimed(int port, const std::string& protocol = "tcp") {
    Json claim = kube::NewObject(kube::kPortClaims, {ns_, NameOf(port, protocol)});
    claim["spec"] = {{"poolRef", {{"name", "edge"}, {"uid", pool_uid_}}},
                     {"protocol", protocol == "tcp" ? "TCP" : "UDP"},
                     {"port", port},
                     {"owner", "test"},
                     {"requestId", NameOf(port, protocol)},
                     {"ttlSeconds", 600},
                     {"state", "RESERVED"}};
    const Json created = MustCreate(kube::kPortClaims, claim);
    return {.name = *pool::ClaimName::Parse(NameOf(port, protocol)),
            .claim_uid = kube::Uid(created),
            .target = {.ns = ns_, .service = "web", .port = pool::Port::Of<80>()}};
  }
  std::vector<WantedRule> Claimed(int first, int count, const std::string& protocol) {
    std::vector<WantedRule> wanted;
    for (int i = 0; i < count; ++i) {
      wanted.push_back(Claimed(first + i, protocol));
    }
    return wanted;
  }

  Json Read(const kube::Resource& resource, const kube::ObjectName& name) {
    return client_->Get(resource, name).value_or(Json());
  }
  std::optional<Rule> RuleOf(int port) {
    return KubeRuleStore(*client_, ns_)
        .Read(*pool::ClaimName::Parse(NameOf(port)))
        .value_or(std::nullopt);
  }
  std::string StateOf(int port) {
    return kube::StringAt(Read(kube::kPortClaims, {ns_, NameOf(port)}), {"spec", "state"});
  }
  bool IsProgrammed(int port) {
    const std::optional<Rule> rule = RuleOf(port);
    return rule && StandingOf(*rule).state == RuleState::kProgrammed;
  }
  std::set<int> Entries() {
    const Json entries = Read(kube::kConfigMaps, tcp_);
    std::set<int> ports;
    for (const auto& [key, value] : kube::At(entries, {"data"}).items()) {
      if (value == ns_ + "/web:80") {
        ports.insert(std::stoi(key));
      }
    }
    return ports;
  }
  std::set<int> ServicePorts() {
    const Json service = Read(kube::kServices, load_balancer_);
    std::set<int> ports;
    for (const Json& port : kube::At(service, {"spec", "ports"})) {
      ports.insert(port["port"].get<int>());
    }
    ports.erase(80);
    ports.erase(443);
    return ports;
  }
  bool Carries(const std::set<int>& ports) { return Entries() == ports && ServicePorts() == ports; }

  // What is not Berth's in the shared objects, as text.
  std::string Foreign() {
    Json entries = Read(kube::kConfigMaps, tcp_);
    Json service = Read(kube::kServices, load_balancer_);
    for (const int port : Entries()) {
      entries["data"].erase(std::to_string(port));
    }
    Json ports = Json::array();
    for (const Json& port : service["spec"]["ports"]) {
      if (!kube::StringAt(port, {"name"}).starts_with("b-")) {
        ports.push_back(port);
      }
    }
    service["spec"]["ports"] = ports;
    for (Json* object : {&entries, &service}) {
      for (const char* field : {"resourceVersion", "managedFields", "annotations", "generation"}) {
        (*object)["metadata"].erase(field);
      }
    }
    return entries.dump() + service.dump();
  }

  ApiServer& server_ = ApiServer::Shared();
  std::unique_ptr<kube::Client> client_ = server_.MakeClient();
  const std::string ns_ = server_.MakeNamespace();
  const kube::ObjectName tcp_{ns_, "tcp"};
  const kube::ObjectName load_balancer_{ns_, "nginx"};
  std::string pool_uid_;
  PoolReconciler::Options loop_;
  FakePortService port_service_{server_.MakeClient(), ns_};
};

TEST_F(IngressIntegrationTest, ARuleComesAndGoesAndForeignEntriesStayByteForByte) {
  const auto replica = MakeReplica();
  const std::string foreign = Foreign();
  const WantedRule wanted = Claimed(20001);

  const auto applied = replica->service().Apply({wanted});
  ASSERT_TRUE(applied[0].ok()) << applied[0].status();
  EXPECT_EQ(StateOf(20001), "BOUND");
  ASSERT_TRUE(Eventually([&] { return IsProgrammed(20001); }));
  EXPECT_TRUE(Carries({20001}));
  EXPECT_EQ(RuleOf(20001)->status.evidence, "status");
  EXPECT_EQ(Foreign(), foreign);

  ASSERT_TRUE(replica->service().Delete(wanted.name, wanted.claim_uid).ok());
  EXPECT_EQ(StateOf(20001), "RELEASING");
  ASSERT_TRUE(Eventually([&] { return !RuleOf(20001); }));
  EXPECT_TRUE(Carries({}));
  EXPECT_EQ(Foreign(), foreign);
}

TEST_F(IngressIntegrationTest, TcpAndUdpShareANumber) {
  const auto replica = MakeReplica();
  const auto applied = replica->service().Apply({Claimed(20001, "tcp"), Claimed(20001, "udp")});
  ASSERT_TRUE(applied[0].ok() && applied[1].ok());
  ASSERT_TRUE(Eventually([&] {
    const Json service = Read(kube::kServices, load_balancer_);
    return kube::At(service, {"spec", "ports"}).size() == 4 &&
           kube::StringAt(Read(kube::kConfigMaps, {ns_, "udp"}), {"data", "20001"}) ==
               ns_ + "/web:80";
  }));
}

TEST_F(IngressIntegrationTest, ManyRulesBecomeFewWrites) {
  std::atomic<int> config_map_writes = 0;
  const auto replica = MakeReplica();
  replica->transport().OnWrite([&](const kube::HttpRequest& request) {
    config_map_writes += request.target.find("/configmaps/") != std::string::npos ? 1 : 0;
  });
  const std::vector<WantedRule> wanted = Claimed(20001, 300, "tcp");
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < 10; ++i) {
      callers.emplace_back([&, i] {
        const auto applied =
            replica->service().Apply({wanted.begin() + 30 * i, wanted.begin() + 30 * (i + 1)});
        for (const auto& rule : applied) {
          EXPECT_TRUE(rule.ok()) << rule.status();
        }
      });
    }
  }
  std::set<int> all;
  for (const WantedRule& rule : wanted) {
    all.insert(rule.name.port().number());
  }
  ASSERT_TRUE(Eventually([&] { return Carries(all); }));
  EXPECT_LT(config_map_writes, 60) << "a group of rules is one write";
}

TEST_F(IngressIntegrationTest, TwoReplicasAtWorkAgree) {
  const auto a = MakeReplica();
  const auto b = MakeReplica();
  const std::string foreign = Foreign();
  const std::vector<WantedRule> wanted = Claimed(20001, 60, "tcp");
  ApplyAndDeleteEveryOther(*a, *b, wanted);
  std::set<int> left;
  for (int j = 1; j < 60; j += 2) {
    left.insert(wanted[j].name.port().number());
  }
  ASSERT_TRUE(Eventually([&] {
    return Carries(left) && client_->List(kube::kPortRules, ns_)->items.size() == left.size();
  }));
  for (const int port : left) {
    EXPECT_TRUE(Eventually([&] { return IsProgrammed(port); })) << port;
  }
  EXPECT_EQ(Foreign(), foreign);
}

TEST_F(IngressIntegrationTest, AReplicaMayDieAtAnyWriteOfApply) {
  const std::string foreign = Foreign();
  std::set<int> programmed;
  for (int step = 1; step <= 5; ++step) {
    for (const LastWrite last : {LastWrite::kLost, LastWrite::kDone}) {
      SCOPED_TRACE(testing::Message()
                   << "step " << step << (last == LastWrite::kDone ? " done" : " lost"));
      const WantedRule wanted = Claimed(20000 + 10 * step + (last == LastWrite::kDone ? 1 : 0));
      auto dying = MakeReplica();
      dying->transport().DieAt(step, last);
      static_cast<void>(dying->service().Apply({wanted}));
      // The later writes are the loop's; it may need fewer of them than this.
      Eventually(
          [&] { return dying->transport().dead() || IsProgrammed(wanted.name.port().number()); });
      dying.reset();

      const auto other = MakeReplica();
      const auto applied = other->service().Apply({wanted});
      ASSERT_TRUE(applied[0].ok()) << applied[0].status();
      programmed.insert(wanted.name.port().number());
      ASSERT_TRUE(Eventually(
          [&] { return IsProgrammed(wanted.name.port().number()) && Carries(programmed); }));
    }
  }
  EXPECT_EQ(Foreign(), foreign);
}

TEST_F(IngressIntegrationTest, AReplicaMayDieAtAnyWriteOfDelete) {
  const std::string foreign = Foreign();
  for (int step = 1; step <= 4; ++step) {
    for (const LastWrite last : {LastWrite::kLost, LastWrite::kDone}) {
      SCOPED_TRACE(testing::Message()
                   << "step " << step << (last == LastWrite::kDone ? " done" : " lost"));
      const WantedRule wanted = Claimed(20000 + 10 * step + (last == LastWrite::kDone ? 1 : 0));
      auto dying = MakeReplica();
      ASSERT_TRUE(dying->service().Apply({wanted})[0].ok());
      ASSERT_TRUE(Eventually([&] { return IsProgrammed(wanted.name.port().number()); }));
      dying->transport().DieAt(step, last);
      static_cast<void>(dying->service().Delete(wanted.name, wanted.claim_uid));
      Eventually([&] { return dying->transport().dead(); });
      dying.reset();

      // Nobody repeats the call: the claim is RELEASING, which is the commit point.
      const auto other = MakeReplica();
      ASSERT_TRUE(Eventually([&] { return !RuleOf(wanted.name.port().number()) && Carries({}); }));
    }
  }
  EXPECT_EQ(Foreign(), foreign);
}

TEST_F(IngressIntegrationTest, ARuleDeletedByKubectlTakesTheSamePath) {
  const auto replica = MakeReplica();
  ASSERT_TRUE(replica->service().Apply({Claimed(20001)})[0].ok());
  ASSERT_TRUE(Eventually([&] { return IsProgrammed(20001); }));
  ASSERT_TRUE(client_->Delete(kube::kPortRules, {ns_, NameOf(20001)}, {}).ok());
  ASSERT_TRUE(Eventually([&] { return !RuleOf(20001); }));
  EXPECT_EQ(StateOf(20001), "RELEASING");
  EXPECT_TRUE(Carries({}));
}

TEST_F(IngressIntegrationTest, ARuleGoesWhenItsClaimIsReleasedOrGone) {
  const auto replica = MakeReplica();
  const WantedRule released = Claimed(20001);
  ASSERT_TRUE(replica->service().Apply({released})[0].ok());
  ASSERT_TRUE(replica->service().Apply({Claimed(20002)})[0].ok());
  ASSERT_TRUE(Eventually([&] { return IsProgrammed(20001) && IsProgrammed(20002); }));

  ASSERT_TRUE(
      client_->Patch(kube::kPortClaims, {ns_, NameOf(20001)}, {{"spec", {{"state", "RELEASING"}}}})
          .ok());
  ASSERT_TRUE(Eventually([&] { return !RuleOf(20001); }));
  ASSERT_TRUE(client_->Delete(kube::kPortClaims, {ns_, NameOf(20002)}, {}).ok());
  ASSERT_TRUE(Eventually([&] { return !RuleOf(20002); }));
  EXPECT_TRUE(Carries({}));
}

TEST_F(IngressIntegrationTest, ARuleWithoutAClaimIsNeverProgrammed) {
  std::atomic<int> config_map_writes = 0;
  const auto replica = MakeReplica();
  const WantedRule wanted = Claimed(20001);
  ASSERT_TRUE(client_->Delete(kube::kPortClaims, {ns_, NameOf(20001)}, {}).ok());
  replica->transport().OnWrite([&](const kube::HttpRequest& request) {
    config_map_writes += request.body.find("web:80") != std::string::npos ? 1 : 0;
  });
  ASSERT_TRUE(
      KubeRuleStore(*client_, ns_)
          .Create(wanted.name,
                  {.pool_uid = pool_uid_, .claim_uid = wanted.claim_uid, .target = wanted.target})
          .ok());
  ASSERT_TRUE(Eventually([&] { return !RuleOf(20001); }));
  EXPECT_EQ(config_map_writes, 0);
}

TEST_F(IngressIntegrationTest, RepairsWhatOthersChanged) {
  const auto replica = MakeReplica();
  ASSERT_TRUE(replica->service().Apply({Claimed(20001)})[0].ok());
  ASSERT_TRUE(Eventually([&] { return IsProgrammed(20001); }));

  ASSERT_TRUE(client_->Delete(kube::kConfigMaps, tcp_, {}).ok());
  ASSERT_TRUE(Eventually([&] { return Carries({20001}); })) << "a missing ConfigMap is made again";

  ASSERT_TRUE(client_->Patch(kube::kConfigMaps, tcp_, {{"data", {{"20001", nullptr}}}}).ok());
  ASSERT_TRUE(Eventually([&] { return Carries({20001}); })) << "a missing entry comes back";

  Json service = Read(kube::kServices, load_balancer_);
  service["spec"]["ports"].erase(2);
  ASSERT_TRUE(client_->Update(kube::kServices, service).ok());
  ASSERT_TRUE(Eventually([&] { return Carries({20001}); })) << "a missing port comes back";
}

TEST_F(IngressIntegrationTest, OnlyReportsWhatOthersChangedWhereThatIsThePoolsPolicy) {
  const auto set_policy = [&](const char* policy) {
    ASSERT_TRUE(
        client_->Patch(kube::kPortPools, {ns_, "edge"}, {{"spec", {{"driftPolicy", policy}}}})
            .ok());
  };
  set_policy("Report");
  const auto replica = MakeReplica();
  ASSERT_TRUE(replica->service().Apply({Claimed(20001)})[0].ok());
  ASSERT_TRUE(Eventually([&] { return IsProgrammed(20001); }));

  ASSERT_TRUE(client_->Patch(kube::kConfigMaps, tcp_, {{"data", {{"20001", "mine/own:1"}}}}).ok());
  ASSERT_TRUE(client_
                  ->Patch(kube::kServices, {ns_, "web"},
                          {{"spec", {{"ports", Json::array({{{"name", "web"}, {"port", 80}}})}}}})
                  .ok())
      << "makes the loop look at the pool";
  EXPECT_TRUE(Eventually([&] {
    const std::optional<Rule> rule = RuleOf(20001);
    return rule && StandingOf(*rule).reason == Reason::ERROR_REASON_ENTRY_DRIFTED;
  }));
  const auto drift = replica->inspector().FindDrift(*pool::PoolName::Parse("edge"));
  ASSERT_TRUE(drift.ok()) << drift.status();
  ASSERT_EQ(drift->size(), 1U);
  EXPECT_EQ(drift->front().drift.found, "mine/own:1");

  set_policy("Repair");
  EXPECT_TRUE(Eventually([&] { return Carries({20001}) && IsProgrammed(20001); }));
}

TEST_F(IngressIntegrationTest, GetsThroughAStormOfConflicts) {
  std::atomic<int> writes = 0;
  const auto replica = MakeReplica();
  // Somebody else is faster three times out of four.
  replica->transport().OnWrite([&](const kube::HttpRequest& request) {
    if (request.target.find("/configmaps/") == std::string::npos) return;
    const int count = ++writes;
    if (count % 4 == 0) return;
    EXPECT_TRUE(
        client_->Patch(kube::kConfigMaps, tcp_, {{"data", {{"note", std::to_string(count)}}}})
            .ok());
  });
  const std::vector<WantedRule> wanted = Claimed(20001, 20, "tcp");
  for (const auto& rule : replica->service().Apply(wanted)) {
    ASSERT_TRUE(rule.ok()) << rule.status();
  }
  ASSERT_TRUE(Eventually([&] { return Entries().size() == 20; }));
  for (const WantedRule& rule : wanted) {
    ASSERT_TRUE(replica->service().Delete(rule.name, rule.claim_uid).ok());
  }
  ASSERT_TRUE(Eventually([&] { return Carries({}); }));
  EXPECT_GE(writes, 8) << "each of the two changes met conflicts";
}

TEST_F(IngressIntegrationTest, SaysThatAForeignEntryHasThePort) {
  const auto replica = MakeReplica();
  const std::string foreign = Foreign();
  ASSERT_TRUE(replica->service().Apply({Claimed(9000)})[0].ok());
  ASSERT_TRUE(Eventually([&] {
    const std::optional<Rule> rule = RuleOf(9000);
    return rule && StandingOf(*rule).reason == Reason::ERROR_REASON_PORT_TAKEN;
  }));
  EXPECT_EQ(Foreign(), foreign);
  ASSERT_TRUE(client_->Patch(kube::kConfigMaps, tcp_, {{"data", {{"9000", nullptr}}}}).ok());
  EXPECT_TRUE(Eventually([&] { return IsProgrammed(9000); })) << "free now";
}

TEST_F(IngressIntegrationTest, TellsAMissingTargetAndResolvesNamedPorts) {
  const auto replica = MakeReplica();
  WantedRule wanted = Claimed(20001);
  wanted.target.service = "later";
  wanted.target.port = "http";
  ASSERT_TRUE(replica->service().Apply({wanted})[0].ok());
  const auto reason = [&] {
    const std::optional<Rule> rule = RuleOf(20001);
    return rule ? StandingOf(*rule).reason : Reason::ERROR_REASON_UNSPECIFIED;
  };
  EXPECT_TRUE(Eventually([&] { return reason() == Reason::ERROR_REASON_TARGET_NOT_FOUND; }));
  Json target = kube::NewObject(kube::kServices, {ns_, "later"});
  target["spec"] = {{"ports", Json::array({{{"name", "web"}, {"port", 8080}}})}};
  target = MustCreate(kube::kServices, target);
  EXPECT_TRUE(Eventually([&] { return reason() == Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND; }));
  target["spec"]["ports"][0]["name"] = "http";
  ASSERT_TRUE(client_->Update(kube::kServices, target).ok());
  EXPECT_TRUE(Eventually([&] { return IsProgrammed(20001); }));
  EXPECT_EQ(kube::StringAt(Read(kube::kConfigMaps, tcp_), {"data", "20001"}), ns_ + "/later:8080");
}

// The load balancer's address is 127.0.0.1 here, so what listens there is the controller.
TEST_F(IngressIntegrationTest, ProgrammedNeedsAConnectionThatStaysOpen) {
  const process::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof(address);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  const int port = ntohs(address.sin_port);

  loop_.probe = true;
  const auto replica = MakeReplica();
  ASSERT_TRUE(replica->service().Apply({Claimed(port)})[0].ok());
  ASSERT_TRUE(Eventually([&] { return ServicePorts().contains(port); }));
  const auto reason = [&] {
    const std::optional<Rule> rule = RuleOf(port);
    const kube::Condition* programmed = rule ? rule->status.Find(kProgrammed) : nullptr;
    return programmed != nullptr ? programmed->reason : "";
  };
  EXPECT_TRUE(Eventually([&] { return reason() == "NoReadyEndpoints"; })) << "there is no pod";
  Json endpoints = kube::NewObject(kube::kEndpointSlices, {ns_, "web-1"});
  endpoints["addressType"] = "IPv4";
  endpoints["endpoints"] = Json::array({{{"addresses", {"10.1.2.3"}}}});
  kube::SetLabel(endpoints, "kubernetes.io/service-name", "web");
  MustCreate(kube::kEndpointSlices, endpoints);
  EXPECT_TRUE(Eventually([&] { return reason() == "NotProgrammed"; })) << "nobody listens";

  std::atomic<bool> has_backend = false;
  ASSERT_EQ(::listen(listener.get(), 16), 0);
  std::jthread controller([&] {
    while (true) {
      const process::UniqueFd connection(::accept(listener.get(), nullptr, nullptr));
      if (!connection.valid()) {
        return;
      }
      if (has_backend) {
        ::send(connection.get(), "x", 1, MSG_NOSIGNAL);
      }
    }
  });
  EXPECT_TRUE(Eventually([&] { return reason() == "NoReadyEndpoints"; }))
      << "connects, then closes";
  has_backend = true;
  EXPECT_TRUE(Eventually([&] { return IsProgrammed(port); }));
  EXPECT_EQ(RuleOf(port)->status.evidence, "tcp-connect");
  ::shutdown(listener.get(), SHUT_RDWR);
}

}  // namespace
}  // namespace berth::ingress
