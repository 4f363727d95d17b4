#include "ingress-service/adapters/gateway_api_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/ingress-service/fake_cluster.h"
#include "tests/ingress-service/fake_rule_objects.h"
#include "tests/ingress-service/interleaver.h"

namespace berth::ingress {
namespace {

using kube::Json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kNamespace[] = "berth";

pool::PoolState GatewayPool(const std::string& name = "edge") {
  pool::PoolState state = PoolOver(name);
  state.pool.driver = pool::Driver::kGatewayApi;
  state.pool.load_balancers = {{pool::LoadBalancerKind::kGateway, {"infra", "edge"}}};
  state.pool.configmap.reset();
  return state;
}

// One replica; the rules it sees may be old.
class Replica {
 public:
  Replica(FakeCluster& cluster, FakeRuleObjects& objects, const FakeTargets& targets,
          const FakePools& pools, const kube::GatewayApi& api)
      : source(cluster),
        pools_(pools),
        rules_(cluster),
        driver_(
            objects, rules_, targets, [&api] { return api; }, kNamespace) {}

  absl::StatusOr<ProgramResult> Program() {
    return driver_.Program(RequestFor(PoolNamed("edge"), pools_, source.Cached()));
  }
  absl::StatusOr<std::vector<ObjectDrift>> FindDrift() {
    return driver_.FindDrift(RequestFor(PoolNamed("edge"), pools_, source.Cached()));
  }

  FakeRuleSource source;

 private:
  const FakePools& pools_;
  FakeRuleStore rules_;
  GatewayApiDriver driver_;
};

class GatewayApiDriverTest : public testing::Test {
 protected:
  GatewayApiDriverTest() { pools_.Add(GatewayPool()); }

  ProgramResult Program() {
    absl::StatusOr<ProgramResult> result = replica_.Program();
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *result : ProgramResult{};
  }
  absl::Status StatusOf(const std::string& rule = "edge.tcp.20001") {
    return Program().live.at(rule).status;
  }
  Reason WhyNot() { return ReasonOf(StatusOf()); }

  void Remove(const std::string& name) {
    Rule rule = cluster_.rules.at(Named(name));
    rule.removing = true;
    cluster_.PutRule(rule);
  }

  // Stores in the rule's status what was written for it, as the loop does.
  void Record() {
    Rule rule = cluster_.rules.at(Named("edge.tcp.20001"));
    rule.status.written = Program().live.at("edge.tcp.20001").written;
    cluster_.PutRule(rule);
  }

  // The objects that others changed.
  std::vector<std::string> FindDrift() {
    const auto found = replica_.FindDrift();
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::string> objects;
    for (const ObjectDrift& drift : *found) {
      objects.push_back(drift.object);
    }
    return objects;
  }

  // What a controller writes when all is well.
  void Serve(const std::string& name) {
    const auto condition = [](const std::string& type, const Json& object) {
      return Json{{"type", type},
                  {"status", "True"},
                  {"reason", type},
                  {"observedGeneration", kube::Generation(object)}};
    };
    Json& listener_set = objects_.Edit(kube::kListenerSets, {kNamespace, name});
    listener_set["status"] = {
        {"conditions", Json::array({condition("Accepted", listener_set)})},
        {"listeners",
         Json::array({{{"name", "tcp"},
                       {"conditions", Json::array({condition("Programmed", listener_set)})}}})}};
    Json& route = objects_.Edit(kube::kTcpRoutes, {kNamespace, name});
    route["status"]["parents"] = Json::array(
        {{{"parentRef", route["spec"]["parentRefs"][0]},
          {"conditions",
           Json::array({condition("Accepted", route), condition("ResolvedRefs", route)})}}});
  }

  FakeCluster cluster_;
  FakeRuleObjects objects_{cluster_};
  FakeTargets targets_;
  FakePools pools_;
  kube::GatewayApi api_{kube::kGateways, kube::kListenerSets, kube::kTcpRoutes, kube::kUdpRoutes,
                        kube::kReferenceGrants};
  Replica replica_{cluster_, objects_, targets_, pools_, api_};
};

TEST_F(GatewayApiDriverTest, WritesWhatARouteRefersToBeforeTheRoute) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED) << "the controller has yet to speak";
  EXPECT_THAT(objects_.writes, ElementsAre("CREATE ReferenceGrant shop/berth.berth.edge.tcp.20001",
                                           "CREATE ListenerSet berth/edge.tcp.20001",
                                           "CREATE TCPRoute berth/edge.tcp.20001"));
}

TEST_F(GatewayApiDriverTest, TakesTheControllersWordAsEvidence) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Serve("edge.tcp.20001");
  objects_.writes.clear();
  const RuleProgress progress = Program().live.at("edge.tcp.20001");
  EXPECT_TRUE(progress.status.ok()) << progress.status;
  EXPECT_EQ(progress.evidence, "gateway-status");
  ASSERT_THAT(progress.written, SizeIs(3));
  for (const auto& [object, fingerprint] : progress.written) {
    EXPECT_FALSE(SharedRef::Parse(object)) << object << " is not shared";
  }
  EXPECT_THAT(objects_.writes, IsEmpty());
}

TEST_F(GatewayApiDriverTest, NeedsNoGrantInItsOwnNamespace) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.spec.target.ns = kNamespace;
  cluster_.PutRule(rule);
  Program();
  EXPECT_THAT(objects_.objects, SizeIs(2));
}

TEST_F(GatewayApiDriverTest, ServesBothProtocolsOnOneNumber) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  cluster_.PutRule(LiveRule("edge.udp.20001"));
  Program();
  EXPECT_TRUE(objects_.Has(kube::kTcpRoutes, {kNamespace, "edge.tcp.20001"}));
  EXPECT_TRUE(objects_.Has(kube::kUdpRoutes, {kNamespace, "edge.udp.20001"}));
  EXPECT_THAT(objects_.objects, SizeIs(6));
}

TEST_F(GatewayApiDriverTest, FollowsItsTargetAndTakesTheOldGrantAway) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Serve("edge.tcp.20001");
  ASSERT_TRUE(StatusOf().ok());
  Rule moved = cluster_.rules.at(Named("edge.tcp.20001"));
  moved.spec.target.ns = "other";
  moved.generation = 2;
  cluster_.PutRule(moved);
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED)
      << "the controller has not seen the new route";
  EXPECT_FALSE(objects_.Has(kube::kReferenceGrants, {"shop", "berth.berth.edge.tcp.20001"}));
  EXPECT_TRUE(objects_.Has(kube::kReferenceGrants, {"other", "berth.berth.edge.tcp.20001"}));
  Serve("edge.tcp.20001");
  EXPECT_TRUE(StatusOf().ok());
}

TEST_F(GatewayApiDriverTest, FollowsItsPoolToAnotherGateway) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Serve("edge.tcp.20001");
  pool::PoolState moved = GatewayPool();
  moved.pool.load_balancers = {{pool::LoadBalancerKind::kGateway, {"infra", "second"}}};
  pools_.Add(moved);
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
  EXPECT_EQ(objects_.Edit(kube::kListenerSets,
                          {kNamespace, "edge.tcp.20001"})["spec"]["parentRef"]["name"],
            "second");
}

TEST_F(GatewayApiDriverTest, RepairsDriftAndTellsIt) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Serve("edge.tcp.20001");
  Record();
  EXPECT_THAT(Program().drift, IsEmpty());
  objects_.Edit(kube::kTcpRoutes, {kNamespace, "edge.tcp.20001"})["spec"]["rules"][0]["backendRefs"]
      .push_back({{"name", "evil"}, {"port", 1}});
  objects_.objects.erase({"listenersets", {kNamespace, "edge.tcp.20001"}});
  const std::vector<ObjectDrift> drift = Program().drift;
  ASSERT_THAT(drift, SizeIs(2));
  EXPECT_EQ(drift[0].object, "ListenerSet/berth/edge.tcp.20001");
  EXPECT_EQ(drift[0].drift.found, std::nullopt);
  EXPECT_EQ(drift[1].object, "TCPRoute/berth/edge.tcp.20001");
  EXPECT_THAT(drift[1].drift.found.value_or(""), testing::HasSubstr("evil"));
  EXPECT_TRUE(objects_.Has(kube::kListenerSets, {kNamespace, "edge.tcp.20001"}));
  EXPECT_THAT(objects_.Edit(kube::kTcpRoutes,
                            {kNamespace, "edge.tcp.20001"})["spec"]["rules"][0]["backendRefs"],
              SizeIs(1));
}

TEST_F(GatewayApiDriverTest, FindsDriftAndNoneWhereTheRuleAsksForSomethingElse) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Serve("edge.tcp.20001");
  Record();
  objects_.objects.erase({"tcproutes", {kNamespace, "edge.tcp.20001"}});
  objects_.writes.clear();
  EXPECT_THAT(FindDrift(), ElementsAre("TCPRoute/berth/edge.tcp.20001"));
  EXPECT_THAT(objects_.writes, IsEmpty());
  Rule moved = cluster_.rules.at(Named("edge.tcp.20001"));
  moved.spec.target.service = "other";
  ++moved.generation;
  cluster_.PutRule(moved);
  EXPECT_THAT(FindDrift(), IsEmpty());
}

TEST_F(GatewayApiDriverTest, DoesNotCallAWatchThatLagsDrift) {
  objects_.FreezeCache();
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Serve("edge.tcp.20001");
  Record();
  EXPECT_THAT(Program().drift, IsEmpty());
  EXPECT_THAT(FindDrift(), IsEmpty());
}

TEST_F(GatewayApiDriverTest, LeavesEverythingAloneWhileAKindIsNotServed) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  objects_.writes.clear();
  api_.listener_sets.reset();
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_DRIVER_NOT_SUPPORTED);
  EXPECT_THAT(objects_.writes, IsEmpty());
}

TEST_F(GatewayApiDriverTest, RemovesWhatARuleHad) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  cluster_.PutRule(LiveRule("edge.tcp.20002"));
  Program();
  Remove("edge.tcp.20001");
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001"));
  EXPECT_THAT(objects_.objects, SizeIs(3));
  EXPECT_TRUE(objects_.Has(kube::kListenerSets, {kNamespace, "edge.tcp.20002"}));
}

TEST_F(GatewayApiDriverTest, RemovesRulesOfAPoolThatIsGone) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  pools_.states.clear();
  objects_.followed.clear();
  Remove("edge.tcp.20001");
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001"));
  EXPECT_THAT(objects_.objects, IsEmpty());
  EXPECT_THAT(objects_.followed, IsEmpty()) << "nothing is watched for it";
}

TEST_F(GatewayApiDriverTest, TakesAwayWhatARuleThatIsNotAcceptedAnyMoreHad) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  Program();
  Rule refused = cluster_.rules.at(Named("edge.tcp.20001"));
  refused.status.conditions[0].status = kube::ConditionStatus::kFalse;
  cluster_.PutRule(refused);
  EXPECT_THAT(Program().live, IsEmpty());
  EXPECT_THAT(objects_.objects, IsEmpty());
}

TEST_F(GatewayApiDriverTest, KeepsWhatIsThereWhileItsTargetCannotBeResolved) {
  Rule rule = LiveRule("edge.tcp.20001");
  rule.spec.target.port = std::string("http");
  cluster_.PutRule(rule);
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND);
  EXPECT_THAT(objects_.objects, IsEmpty());
  targets_.named = {{"http", pool::Port::Of<8080>()}};
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
  targets_.named.clear();
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND);
  EXPECT_THAT(objects_.objects, SizeIs(3));
}

TEST_F(GatewayApiDriverTest, SaysWhichKindIsNotServed) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  api_.listener_sets.reset();
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_DRIVER_NOT_SUPPORTED);
  EXPECT_THAT(std::string(StatusOf().message()), testing::HasSubstr("ListenerSet"));
  api_ = {};
  Remove("edge.tcp.20001");
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001")) << "nothing can be there";
}

TEST_F(GatewayApiDriverTest, TellsARefusalOfOneRuleFromAPassThatHasToBeRepeated) {
  cluster_.PutRule(LiveRule("edge.tcp.20001"));
  const auto fail = [&](const absl::Status& status) {
    cluster_.before = [status](const std::string& verb) {
      return verb == "PUT object" ? status : absl::OkStatus();
    };
  };
  fail(Error(absl::StatusCode::kPermissionDenied, Reason::ERROR_REASON_KUBERNETES_FORBIDDEN, "no"));
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_CONTROLLER_REFUSED);
  fail(Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_NAMESPACE_NOT_FOUND,
             "terminating"));
  EXPECT_EQ(WhyNot(), Reason::ERROR_REASON_TARGET_NOT_FOUND);
  fail(Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE, "down"));
  EXPECT_TRUE(absl::IsUnavailable(replica_.Program().status()));
}

TEST_F(GatewayApiDriverTest, RefusesOptionsByName) {
  FakeRuleStore rules(cluster_);
  const GatewayApiDriver driver(
      objects_, rules, targets_, [this] { return api_; }, kNamespace);
  EXPECT_TRUE(CheckSupported(driver, Named("edge.udp.20001"), {}).ok());
  for (const RuleOptions& options :
       {RuleOptions{.decode_proxy_protocol = true}, RuleOptions{.encode_proxy_protocol = true},
        RuleOptions{.source_ranges = {*SourceRange::Parse("10.0.0.0/8")}}}) {
    EXPECT_EQ(ReasonOf(CheckSupported(driver, Named("edge.tcp.20001"), options)),
              Reason::ERROR_REASON_OPTION_NOT_SUPPORTED);
  }
}

// Two replicas, each with rules and objects of some past moment, while rules come, move and go.
TEST(GatewayApiDriverReplicasTest, LeaveExactlyWhatTheRulesAskForWhateverTheirOrder) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    FakeCluster cluster;
    FakeRuleObjects objects(cluster);
    FakeTargets targets;
    FakePools pools;
    pools.Add(GatewayPool());
    const kube::GatewayApi api{kube::kGateways, kube::kListenerSets, kube::kTcpRoutes,
                               kube::kUdpRoutes, kube::kReferenceGrants};
    Replica one(cluster, objects, targets, pools, api);
    Replica two(cluster, objects, targets, pools, api);
    Interleaver interleaver(seed);
    std::mt19937 random(seed);
    std::map<std::string, int> incarnations;

    const auto change_rules = [&] {
      for (int i = 0; i < 6; ++i) {
        const std::string name = "edge.tcp." + std::to_string(20001 + random() % 2);
        const auto found = cluster.rules.find(Named(name));
        if (found == cluster.rules.end()) {
          Rule rule = LiveRule(name);
          const std::string incarnation = std::to_string(++incarnations[name]);
          rule.uid += incarnation;
          rule.spec.claim_uid += incarnation;
          cluster.PutRule(rule);
        } else if (random() % 2 == 0) {
          Rule rule = found->second;
          rule.spec.target.ns = rule.spec.target.ns == "shop" ? "other" : "shop";
          ++rule.generation;
          cluster.PutRule(rule);
        } else {
          Rule rule = found->second;
          rule.removing = true;
          cluster.PutRule(rule);
        }
        interleaver.Step();
      }
    };
    const auto run = [&](Replica& replica) {
      for (int i = 0; i < 4; ++i) {
        replica.source.applied = cluster.revision() - random() % 3;
        const auto result = replica.Program();
        if (!result.ok()) {
          continue;  // to be repeated
        }
        for (const std::string& uid : result->removed) {
          for (const auto& [name, rule] : std::map(cluster.rules)) {
            if (rule.uid == uid && rule.removing) {
              cluster.RemoveRule(name);
            }
          }
        }
      }
    };
    cluster.before = [&](const auto&) {
      interleaver.Step();
      return absl::OkStatus();
    };
    interleaver.Run({change_rules, [&] { run(one); }, [&] { run(two); }});

    // It grows quiet.
    cluster.before = [](const auto&) { return absl::OkStatus(); };
    one.source.applied.reset();
    for (int i = 0; i < 3; ++i) {
      const auto result = one.Program();
      ASSERT_TRUE(result.ok()) << result.status();
      for (const auto& [name, rule] : std::map(cluster.rules)) {
        if (result->removed.contains(rule.uid)) {
          cluster.RemoveRule(name);
        }
      }
    }
    std::set<std::pair<std::string, std::string>> expected;
    for (const auto& [name, rule] : cluster.rules) {
      expected.emplace("listenersets", "berth/" + name.ToString());
      expected.emplace("tcproutes", "berth/" + name.ToString());
      expected.emplace("referencegrants", rule.spec.target.ns + "/berth.berth." + name.ToString());
    }
    std::set<std::pair<std::string, std::string>> present;
    for (const auto& [key, object] : objects.objects) {
      present.emplace(key.first, key.second.ToString());
      const Rule& rule = cluster.rules.at(*RuleOf(object, kNamespace));
      EXPECT_EQ(kube::Label(object, "berth.dev/claim-uid"), rule.spec.claim_uid);
    }
    ASSERT_EQ(present, expected) << "seed " << seed;
  }
}

}  // namespace
}  // namespace berth::ingress
