#include "port-service/adapters/pool_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kube/object.h"

namespace berth::port {
namespace {

using kube::Json;
using testing::ElementsAre;

PoolSpec Spec() {
  return {.name = pool::PoolName::Parse("edge").value(),
          .driver = pool::Driver::kConfigMap,
          .load_balancers = {{pool::LoadBalancerKind::kService, {"ingress", "controller"}}},
          .first = pool::Port::Of<20000>(),
          .last = pool::Port::Of<20999>(),
          .reserved = {pool::Port::Of<20005>()},
          .static_ports = 10,
          .quotas = {.per_namespace = 5, .by_namespace = {{"shop", 7}}},
          .published_addresses = {*pool::Address::ParseHostname("edge.example.com")},
          .claim_ttl = std::chrono::seconds(60),
          .quarantine = std::chrono::seconds(0),
          .drift_policy = pool::DriftPolicy::kReport,
          .configmap = pool::ConfigMapRefs{.tcp_services = {"ingress", "tcp"},
                                           .udp_services = {"ingress", "udp"}}};
}

TEST(PoolJsonTest, WritesWhatAPoolIsReadFrom) {
  const Json object = NewPoolObject(Spec(), "berth");
  EXPECT_TRUE(kube::HasFinalizer(object, "berth.dev/pool"));
  EXPECT_EQ(kube::NameOf(object), (kube::ObjectName{"berth", "edge"}));
  const auto pool = pool::ParsePool(object);
  ASSERT_TRUE(pool.ok()) << pool.status();
  EXPECT_EQ(pool->driver, Spec().driver);
  EXPECT_EQ(pool->load_balancers, Spec().load_balancers);
  EXPECT_EQ(pool->first, Spec().first);
  EXPECT_EQ(pool->last, Spec().last);
  EXPECT_EQ(pool->reserved, Spec().reserved);
  EXPECT_EQ(pool->static_ports, 10);
  EXPECT_EQ(pool->quotas, Spec().quotas);
  EXPECT_EQ(pool->published_addresses, Spec().published_addresses);
  EXPECT_EQ(pool->claim_ttl, Spec().claim_ttl);
  EXPECT_EQ(pool->quarantine, Spec().quarantine);
  EXPECT_EQ(pool->drift_policy, Spec().drift_policy);
  EXPECT_EQ(pool->configmap, Spec().configmap);
}

TEST(PoolJsonTest, WritesHowServicesShareAnAddress) {
  PoolSpec spec = Spec();
  spec.driver = pool::Driver::kLoadBalancer;
  spec.configmap.reset();
  spec.drift_policy = pool::DriftPolicy::kRepair;
  spec.loadbalancer = pool::LoadBalancerSettings{
      .implementation = pool::LoadBalancerImplementation::kCilium, .sharing_key = "edge"};
  Json object = NewPoolObject(spec, "berth");
  EXPECT_EQ(pool::ParsePool(object)->loadbalancer, spec.loadbalancer);
  spec.loadbalancer = {.implementation = pool::LoadBalancerImplementation::kKubeVip,
                       .traffic_policy = pool::TrafficPolicy::kLocal};
  EXPECT_TRUE(SetPoolSpec(object, spec));
  EXPECT_EQ(pool::ParsePool(object)->loadbalancer, spec.loadbalancer);
}

TEST(PoolJsonTest, TellsWhetherAnythingChanged) {
  Json object = NewPoolObject(Spec(), "berth");
  EXPECT_FALSE(SetPoolSpec(object, Spec()));
  PoolSpec other = Spec();
  other.last = pool::Port::Of<21000>();
  EXPECT_TRUE(SetPoolSpec(object, other));
  EXPECT_FALSE(SetPoolSpec(object, other));
}

TEST(PoolJsonTest, TakesAwayWhatIsNotAskedForAnyMoreAndNothingElse) {
  Json object = NewPoolObject(Spec(), "berth");
  object["spec"]["ofALaterVersion"] = 1;
  PoolSpec plain = Spec();
  plain.reserved = {};
  plain.static_ports.reset();
  plain.quotas = {};
  plain.published_addresses.clear();
  EXPECT_TRUE(SetPoolSpec(object, plain));
  std::vector<std::string> fields;
  for (const auto& [field, value] : object["spec"].items()) {
    fields.push_back(field);
  }
  EXPECT_THAT(fields,
              ElementsAre("claimTtlSeconds", "configmap", "driftPolicy", "driver", "loadBalancers",
                          "ofALaterVersion", "portRange", "quarantineSeconds"));
}

TEST(PoolJsonTest, TakesAwayOneQuotaOfSeveral) {
  Json object = NewPoolObject(Spec(), "berth");
  PoolSpec less = Spec();
  less.quotas.per_namespace.reset();
  EXPECT_TRUE(SetPoolSpec(object, less));
  EXPECT_EQ(pool::ParsePool(object)->quotas, less.quotas);
}

}  // namespace
}  // namespace berth::port
