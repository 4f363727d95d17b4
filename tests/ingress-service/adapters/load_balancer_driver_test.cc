#include "ingress-service/adapters/load_balancer_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

#include "ingress-service/domain/load_balancer_service.h"
#include "tests/ingress-service/fake_cluster.h"
#include "tests/ingress-service/fake_rule_objects.h"

namespace berth::ingress {
namespace {

using kube::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kNamespace[] = "berth";

kube::ObjectName ServiceOf(const std::string& rule, const std::string& ns = "shop") {
  return {ns, ServiceName(Named(rule), kNamespace)};
}

pool::PoolState SharedPool() {
  pool::PoolState state = PoolOver("edge");
  state.pool.driver = pool::Driver::kLoadBalancer;
  state.pool.configmap.reset();
  state.pool.loadbalancer = pool::LoadBalancerSettings{
      .implementation = pool::LoadBalancerImplementation::kMetalLb, .sharing_key = "edge"};
  return state;
}

// One replica; the rules it sees may be old.
class Replica {
 public:
  Replica(FakeCluster& cluster, FakeRuleObjects& objects, const FakeTargets& targets,
          const FakePools& pools)
      : source(cluster),
        pools_(pools),
        rules_(cluster),
        driver_(objects, rules_, targets, kNamespace) {}

  absl::StatusOr<ProgramResult> Program() {
    return driver_.Program(RequestFor(PoolNamed("edge"), pools_, source.Cached()));
  }
  const Driver& driver() const { return driver_; }

  FakeRuleSource source;

 private:
  const FakePools& pools_;
  FakeRuleStore rules_;
  LoadBalancerDriver driver_;
};

class LoadBalancerDriverTest : public testing::Test {
 protected:
  LoadBalancerDriverTest() { pools_.Add(SharedPool()); }

  ProgramResult Program() {
    absl::StatusOr<ProgramResult> result = replica_.Program();
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : ProgramResult{};
  }
  RuleProgress Progress() { return Program().live.at("edge.tcp.20001"); }
  Reason WhyNot() { return ReasonOf(Progress().status); }

  void SetPool(const pool::LoadBalancerSettings& settings) {
    pool::PoolState state = SharedPool();
    state.pool.loadbalancer = settings;
    pools_.Add(state);
  }

  const Json& Stored(const std::string& rule = "edge.tcp.20001") {
    return objects_.objects.at({"services", ServiceOf(rule)});
  }

  // What a controller writes.
  void Assign(const std::string& ip, const std::string& rule = "edge.tcp.20001") {
    objects_.Edit(kube::kServices, ServiceOf(rule))["status"]["loadBalancer"]["ingress"] =
        Json::array({{{"ip", ip}}});
  }

  FakeCluster cluster_;
  FakeRuleObjects objects_{cluster_};
  FakeTargets targets_;
  FakePools pools_;
  Replica replica_{cluster_, objects_, targets_, pools_};
};

TEST_F(LoadBalancerDriverTest, PutsAServiceBesideTheTarget) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.spec.options.source_ranges = {*SourceRange::Parse("10.0.0.0/8")};
  cluster_.PutRule(rule);
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
  const Json& service = Stored();
  EXPECT_EQ(kube::Label(service, "berth.dev/claim-uid"), "claim-edge.tcp.20001");
  EXPECT_EQ(kube::Label(service, "berth.dev/rule-uid"), "uid-edge.tcp.20001");
  EXPECT_EQ(kube::Label(service, "berth.dev/pool"), "edge");
  EXPECT_EQ(kube::Annotation(service, "metallb.io/allow-shared-ip"), "edge");
  EXPECT_EQ(kube::Annotation(service, "metallb.io/loadBalancerIPs"), "10.0.0.1");
  EXPECT_EQ(service["spec"], Json::parse(R"({
      "type": "LoadBalancer", "allocateLoadBalancerNodePorts": false,
      "externalTrafficPolicy": "Cluster", "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4"],
      "loadBalancerSourceRanges": ["10.0.0.0/8"], "selector": {"app": "web"},
      "ports": [{"name": "tcp", "protocol": "TCP", "port": 20001, "targetPort": 80}]})"));
}

TEST_F(LoadBalancerDriverTest, AsksEachImplementationInItsOwnWords) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  SetPool({.implementation = pool::LoadBalancerImplementation::kCilium, .sharing_key = "edge"});
  Program();
  EXPECT_EQ(kube::Annotation(Stored(), "lbipam.cilium.io/sharing-key"), "edge");
  EXPECT_EQ(kube::Annotation(Stored(), "lbipam.cilium.io/sharing-cross-namespace"), "*");
  EXPECT_EQ(kube::Annotation(Stored(), "lbipam.cilium.io/ips"), "10.0.0.1");
  SetPool({.implementation = pool::LoadBalancerImplementation::kKubeVip,
           .traffic_policy = pool::TrafficPolicy::kLocal});
  Program();
  EXPECT_EQ(kube::Annotation(Stored(), "kube-vip.io/loadbalancerIPs"), "10.0.0.1");
  EXPECT_EQ(Stored()["spec"]["externalTrafficPolicy"], "Local");
}

TEST_F(LoadBalancerDriverTest, TakesTheAddressesAndTheClassOfThePoolsLoadBalancers) {
  pool::PoolState state = SharedPool();
  state.load_balancers[0].addresses = {*pool::Address::ParseIp("10.0.0.1"),
                                       *pool::Address::ParseIp("2001:db8::1")};
  state.load_balancers[0].load_balancer_class = "kube-vip.io/kube-vip-class";
  pools_.Add(state);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  EXPECT_EQ(kube::Annotation(Stored(), "metallb.io/loadBalancerIPs"), "10.0.0.1,2001:db8::1");
  EXPECT_EQ(Stored()["spec"]["ipFamilies"], Json::array({"IPv4", "IPv6"}));
  EXPECT_EQ(Stored()["spec"]["ipFamilyPolicy"], "RequireDualStack");
  EXPECT_EQ(Stored()["spec"]["loadBalancerClass"], "kube-vip.io/kube-vip-class");
}

TEST_F(LoadBalancerDriverTest, WritesNothingWhileThePoolHasNoAddress) {
  pool::PoolState state = SharedPool();
  state.load_balancers[0].addresses = {*pool::Address::ParseHostname("lb.example.com")};
  pools_.Add(state);
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_POOL_NOT_READY);
  EXPECT_THAT(objects_.writes, IsEmpty());
}

TEST_F(LoadBalancerDriverTest, TakesAnAssignedAddressAsEvidence) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Assign("10.0.0.1");
  objects_.writes.clear();
  const RuleProgress progress = Progress();
  EXPECT_TRUE(progress.status.ok()) << progress.status;
  EXPECT_EQ(progress.evidence, "service-status");
  EXPECT_FALSE(replica_.driver().capabilities().needs_probe);
  EXPECT_THAT(objects_.writes, IsEmpty());
}

TEST_F(LoadBalancerDriverTest, RecordsItsServiceUnderANameThatIsNoSharedOnes) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  const RuleProgress progress = Progress();
  ASSERT_THAT(progress.written, SizeIs(1));
  EXPECT_EQ(progress.written.begin()->first,
            "v1/Service/" + ServiceOf("edge.tcp.20001").ToString());
  EXPECT_FALSE(SharedRef::Parse(progress.written.begin()->first));
}

TEST_F(LoadBalancerDriverTest, SaysWhatIsMissing) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  EXPECT_THAT(std::string(Progress().status.message()), HasSubstr("has not got 10.0.0.1 yet"));
  Assign("10.0.0.9");
  EXPECT_THAT(std::string(Progress().status.message()),
              HasSubstr("has got 10.0.0.9 in place of 10.0.0.1"));
  Assign("10.0.0.1");
  Json& service = objects_.Edit(kube::kServices, ServiceOf("edge.tcp.20001"));
  service["status"]["loadBalancer"]["ingress"][0]["ports"] =
      Json::array({{{"port", 20001}, {"protocol", "TCP"}, {"error", "example.com/PortTaken"}}});
  EXPECT_THAT(std::string(Progress().status.message()), HasSubstr("example.com/PortTaken"));
  service["status"] = {{"conditions", Json::array({{{"type", "cilium.io/IPAMRequestSatisfied"},
                                                    {"status", "False"},
                                                    {"reason", "already_allocated"},
                                                    {"message", "different sharing key"}}})}};
  EXPECT_THAT(std::string(Progress().status.message()), HasSubstr("different sharing key"));
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
}

TEST_F(LoadBalancerDriverTest, FollowsThePodsOfItsTargetToTheLastLabel) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  targets_.selector = {{"app", "web"}, {"color", "blue"}};
  Program();
  Assign("10.0.0.1");
  targets_.selector = {{"app", "web"}};
  EXPECT_TRUE(Progress().status.ok());
  EXPECT_EQ(Stored()["spec"]["selector"], (Json{{"app", "web"}}));
}

TEST_F(LoadBalancerDriverTest, TakesSourceRangesAwayWithTheRulesWish) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.spec.options.source_ranges = {*SourceRange::Parse("10.0.0.0/8")};
  cluster_.PutRule(rule);
  Program();
  rule.spec.options.source_ranges.clear();
  ++rule.generation;
  cluster_.PutRule(rule);
  Program();
  EXPECT_FALSE(Stored()["spec"].contains("loadBalancerSourceRanges"));
}

TEST_F(LoadBalancerDriverTest, LeavesWhatTheApiServerFillsIn) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Json& service = objects_.Edit(kube::kServices, ServiceOf("edge.tcp.20001"));
  service["spec"]["clusterIP"] = "10.96.0.7";
  service["spec"]["selector"]["app"] = "elsewhere";
  Program();
  EXPECT_EQ(Stored()["spec"]["clusterIP"], "10.96.0.7");
  EXPECT_EQ(Stored()["spec"]["selector"]["app"], "web");
}

TEST_F(LoadBalancerDriverTest, NamesATargetWithoutSelector) {
  targets_.selector.clear();
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_TARGET_WITHOUT_SELECTOR);
  EXPECT_THAT(objects_.writes, IsEmpty());
}

TEST_F(LoadBalancerDriverTest, LeavesAServiceOfSomebodyElseAlone) {
  Json theirs = kube::NewObject(kube::kServices, ServiceOf("edge.tcp.20001"));
  ASSERT_TRUE(objects_.Put(kube::kServices, theirs, std::chrono::seconds(1))->has_value());
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_FALSE(Stored().contains("spec"));
}

TEST_F(LoadBalancerDriverTest, MovesWithItsTargetToAnotherNamespace) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Rule moved = cluster_.rules.at(Named("edge.tcp.20001"));
  moved.spec.target.ns = "other";
  ++moved.generation;
  cluster_.PutRule(moved);
  Program();
  EXPECT_FALSE(objects_.Has(kube::kServices, ServiceOf("edge.tcp.20001")));
  EXPECT_TRUE(objects_.Has(kube::kServices, ServiceOf("edge.tcp.20001", "other")));
}

TEST_F(LoadBalancerDriverTest, HonoursSourceRangesAndNoProxyProtocol) {
  for (const char* name : {"edge.tcp.20001", "edge.udp.20001"}) {
    EXPECT_TRUE(CheckSupported(replica_.driver(), Named(name),
                               {.source_ranges = {*SourceRange::Parse("10.0.0.0/8")}})
                    .ok());
    for (const RuleOptions& options :
         {RuleOptions{.decode_proxy_protocol = true}, RuleOptions{.encode_proxy_protocol = true}}) {
      EXPECT_EQ(ReasonOf(CheckSupported(replica_.driver(), Named(name), options)),
                Reason::ERROR_REASON_OPTION_NOT_SUPPORTED);
    }
  }
}

TEST(ServiceNameTest, IsALabelOfItsOwnForEachRuleOfEachBerth) {
  const std::string longest(63, 'p');
  std::set<std::string> names;
  for (const std::string& rule :
       {std::string("edge.tcp.20001"), std::string("edge.udp.20001"), std::string("edge.tcp.20002"),
        longest + ".tcp.65535", longest.substr(1) + ".tcp.65535"}) {
    for (const char* ns : {"berth", "berth-test"}) {
      const std::string name = ServiceName(Named(rule), ns);
      EXPECT_LE(name.size(), 63u) << name;
      EXPECT_TRUE(names.insert(name).second) << name;
    }
  }
  EXPECT_THAT(ServiceName(Named("edge.tcp.20001"), "berth"),
              testing::MatchesRegex("berth-edge-tcp-20001-[0-9a-f]{10}"));
}

}  // namespace
}  // namespace berth::ingress
