// What every driver does alike, whatever its load balancer is made of.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ingress-service/adapters/configmap_driver.h"
#include "ingress-service/adapters/gateway_api_driver.h"
#include "ingress-service/adapters/load_balancer_driver.h"
#include "ingress-service/domain/load_balancer_service.h"
#include "tests/ingress-service/fake_cluster.h"
#include "tests/ingress-service/fake_rule_objects.h"

namespace berth::ingress {
namespace {

using kube::Json;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kNamespace[] = "berth";

// A cluster with a driver, and a pool of it.
class World {
 public:
  virtual ~World() = default;
  virtual Driver& driver() = 0;
  virtual pool::PoolState Pool() const = 0;
  // Names of the TCP rules that the load balancer carries.
  virtual std::set<std::string> Carried() = 0;
  // Lets somebody else have the place of a rule.
  virtual void Occupy(const std::string& rule) = 0;
  virtual int Writes() = 0;

  FakeCluster cluster;
  FakeRuleSource source{cluster};
  FakeRuleStore rules{cluster};
  FakeTargets targets;
};

class ConfigMapWorld : public World {
 public:
  ConfigMapWorld() { cluster.PutObject(kLoadBalancer, LoadBalancerService()); }

  Driver& driver() override { return driver_; }
  pool::PoolState Pool() const override { return PoolOver("edge"); }
  std::set<std::string> Carried() override {
    std::set<std::string> names;
    const Json& entries = kube::At(cluster.objects[kTcpEntries], {"data"});
    for (const Json& port : cluster.objects.at(kLoadBalancer)["spec"]["ports"]) {
      const std::string number = port["port"].dump();
      if (entries.is_object() && entries.contains(number)) {
        names.insert("edge.tcp." + number);
      }
    }
    return names;
  }
  void Occupy(const std::string& rule) override {
    cluster.PutObject(kTcpEntries,
                      {{"data", {{Named(rule).port().ToString(), "somebody/else:80"}}}});
  }
  int Writes() override { return cluster.puts; }

 private:
  FakeObjects objects_{cluster};
  ConfigMapDriver driver_{objects_, source, targets};
};

// Drivers whose rules have objects of their own.
class RuleObjectsWorld : public World {
 public:
  std::set<std::string> Carried() override {
    std::set<std::string> names;
    for (const auto& [key, object] : objects_.objects) {
      if (const auto rule = RuleOf(object, kNamespace); rule && key.first == main_.plural) {
        names.insert(rule->ToString());
      }
    }
    return names;
  }
  void Occupy(const std::string& rule) override {
    EXPECT_TRUE(
        objects_.Put(main_, kube::NewObject(main_, PlaceOf(rule)), std::chrono::seconds(1)).ok());
  }
  int Writes() override { return static_cast<int>(objects_.writes.size()); }

 protected:
  explicit RuleObjectsWorld(const kube::Resource& main) : main_(main) {}
  virtual kube::ObjectName PlaceOf(const std::string& rule) const = 0;

  FakeRuleObjects objects_{cluster};

 private:
  const kube::Resource main_;
};

class GatewayApiWorld : public RuleObjectsWorld {
 public:
  GatewayApiWorld() : RuleObjectsWorld(kube::kTcpRoutes) {}

  Driver& driver() override { return driver_; }
  pool::PoolState Pool() const override {
    pool::PoolState state = PoolOver("edge");
    state.pool.driver = pool::Driver::kGatewayApi;
    state.pool.load_balancers = {{pool::LoadBalancerKind::kGateway, {"infra", "edge"}}};
    state.pool.configmap.reset();
    return state;
  }

 protected:
  kube::ObjectName PlaceOf(const std::string& rule) const override { return {kNamespace, rule}; }

 private:
  GatewayApiDriver driver_{objects_, rules, targets,
                           [] {
                             return kube::GatewayApi{kube::kGateways, kube::kListenerSets,
                                                     kube::kTcpRoutes, kube::kUdpRoutes,
                                                     kube::kReferenceGrants};
                           },
                           kNamespace};
};

class LoadBalancerWorld : public RuleObjectsWorld {
 public:
  LoadBalancerWorld() : RuleObjectsWorld(kube::kServices) {}

  Driver& driver() override { return driver_; }
  pool::PoolState Pool() const override {
    pool::PoolState state = PoolOver("edge");
    state.pool.driver = pool::Driver::kLoadBalancer;
    state.pool.configmap.reset();
    state.pool.loadbalancer = pool::LoadBalancerSettings{.sharing_key = "edge"};
    return state;
  }

 protected:
  kube::ObjectName PlaceOf(const std::string& rule) const override {
    return {"shop", ServiceName(Named(rule), kNamespace)};
  }

 private:
  LoadBalancerDriver driver_{objects_, rules, targets, kNamespace};
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<World>()> make;
};

class DriverContractTest : public testing::TestWithParam<Kind> {
 protected:
  DriverContractTest() { pools_.Add(world_->Pool()); }

  absl::StatusOr<ProgramResult> TryToProgram() {
    return world_->driver().Program(RequestFor(PoolNamed("edge"), pools_, world_->source.Cached()));
  }
  ProgramResult Program() {
    absl::StatusOr<ProgramResult> result = TryToProgram();
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(ProgramResult{});
  }
  // A pass, and what the loop records of it.
  void ProgramAndRecord() {
    for (const auto& [name, progress] : Program().live) {
      Rule rule = world_->cluster.rules.at(Named(name));
      rule.status.written = progress.written;
      world_->cluster.PutRule(rule);
    }
  }
  void Remove(const std::string& name) {
    Rule rule = world_->cluster.rules.at(Named(name));
    rule.removing = true;
    world_->cluster.PutRule(rule);
  }

  std::unique_ptr<World> world_ = GetParam().make();
  FakePools pools_;
};

TEST_P(DriverContractTest, CarriesExactlyTheLiveRules) {
  world_->cluster.PutRule(LiveRule("edge.tcp.20001"));
  world_->cluster.PutRule(LiveRule("edge.tcp.20002"));
  Rule refused = LiveRule("edge.tcp.20003");
  refused.status.conditions[0].status = kube::ConditionStatus::kFalse;
  world_->cluster.PutRule(refused);
  world_->cluster.PutRule(LiveRule("other.tcp.20004"));
  EXPECT_EQ(Program().live.size(), 2U);
  EXPECT_THAT(world_->Carried(), ElementsAre("edge.tcp.20001", "edge.tcp.20002"));
}

TEST_P(DriverContractTest, WritesNothingWhereNothingIsToBeDone) {
  world_->cluster.PutRule(LiveRule("edge.tcp.20001"));
  ProgramAndRecord();
  const int writes = world_->Writes();
  ProgramAndRecord();
  EXPECT_EQ(world_->Writes(), writes);
}

TEST_P(DriverContractTest, LetsARuleGoOnceNothingOfItIsLeft) {
  world_->cluster.PutRule(LiveRule("edge.tcp.20001"));
  world_->cluster.PutRule(LiveRule("edge.tcp.20002"));
  ProgramAndRecord();
  Remove("edge.tcp.20001");
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001"));
  EXPECT_THAT(world_->Carried(), ElementsAre("edge.tcp.20002"));
}

TEST_P(DriverContractTest, LetsARuleGoThatWasNeverWritten) {
  world_->cluster.PutRule(LiveRule("edge.tcp.20001"));
  Remove("edge.tcp.20001");
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001"));
}

TEST_P(DriverContractTest, KeepsRulesOfAPoolThatIsGoneUntilTheyGo) {
  world_->cluster.PutRule(LiveRule("edge.tcp.20001"));
  world_->cluster.PutRule(LiveRule("edge.tcp.20002"));
  ProgramAndRecord();
  pools_.states.clear();
  Remove("edge.tcp.20001");
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001"));
  EXPECT_THAT(world_->Carried(), ElementsAre("edge.tcp.20002"));
}

TEST_P(DriverContractTest, NeverTouchesWhatSomebodyElseHas) {
  world_->Occupy("edge.tcp.20001");
  world_->cluster.PutRule(LiveRule("edge.tcp.20001"));
  EXPECT_EQ(ReasonOf(Program().live.at("edge.tcp.20001").status), Reason::ERROR_REASON_PORT_TAKEN);
  Remove("edge.tcp.20001");
  const int writes = world_->Writes();
  EXPECT_THAT(Program().removed, ElementsAre("uid-edge.tcp.20001"));
  const absl::StatusOr<std::vector<ObjectDrift>> drift =
      world_->driver().FindDrift(RequestFor(PoolNamed("edge"), pools_, world_->source.Cached()));
  ASSERT_TRUE(drift.ok()) << drift.status();
  EXPECT_THAT(*drift, IsEmpty());
  EXPECT_LE(world_->Writes() - writes, 2) << "no more than the fences of shared objects";
}

TEST_P(DriverContractTest, RepeatsAPassThatTheApiServerFailed) {
  world_->cluster.PutRule(LiveRule("edge.tcp.20001"));
  world_->cluster.before = [](const std::string& verb) {
    return verb.starts_with("PUT") || verb.starts_with("CREATE")
               ? Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE,
                       "down")
               : absl::Status();
  };
  EXPECT_TRUE(absl::IsUnavailable(TryToProgram().status()));
  world_->cluster.before = [](const std::string&) { return absl::OkStatus(); };
  Program();
  EXPECT_THAT(world_->Carried(), ElementsAre("edge.tcp.20001"));
}

TEST_P(DriverContractTest, RefusesWhatItDoesNotSayItCan) {
  const Capabilities& can = world_->driver().capabilities();
  for (const auto& [option, options] :
       {std::pair(RuleOption::kDecodeProxyProtocol, RuleOptions{.decode_proxy_protocol = true}),
        std::pair(RuleOption::kEncodeProxyProtocol, RuleOptions{.encode_proxy_protocol = true}),
        std::pair(RuleOption::kSourceRanges,
                  RuleOptions{.source_ranges = {*SourceRange::Parse("10.0.0.0/8")}})}) {
    for (const auto& [protocol, honoured] : can.options) {
      const pool::ClaimName name(PoolNamed("edge"), protocol, pool::Port::Of<20001>());
      EXPECT_EQ(CheckSupported(world_->driver(), name, options).ok(), honoured.contains(option))
          << ToString(option);
    }
  }
}

// Without its pool, every driver is asked for what it has of a rule.
TEST_P(DriverContractTest, IsNotTakenForAnotherDriverByWhatItRecords) {
  world_->cluster.PutRule(LiveRule("edge.tcp.20001"));
  ProgramAndRecord();
  Rule rule = world_->cluster.rules.at(Named("edge.tcp.20001"));
  ASSERT_FALSE(rule.status.written.empty());
  const bool shares = world_->driver().kind() == pool::Driver::kConfigMap;
  for (const auto& [object, value] : rule.status.written) {
    EXPECT_EQ(SharedRef::Parse(object).has_value(), shares) << object;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Drivers, DriverContractTest,
    testing::Values(Kind{"ConfigMap", [] { return std::make_unique<ConfigMapWorld>(); }},
                    Kind{"GatewayApi", [] { return std::make_unique<GatewayApiWorld>(); }},
                    Kind{"LoadBalancer", [] { return std::make_unique<LoadBalancerWorld>(); }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace berth::ingress
