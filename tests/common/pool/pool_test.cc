#include "common/pool/pool.h"

#include <gtest/gtest.h>

namespace berth::pool {
namespace {

using kube::Json;

Json MinimalPool() {
  return Json::parse(R"({
    "metadata": {"name": "edge", "namespace": "berth", "uid": "u1", "generation": 3},
    "spec": {
      "driver": "configmap",
      "loadBalancers": [{"kind": "Service", "namespace": "ingress", "name": "controller"}],
      "portRange": {"first": 20000, "last": 20999},
      "configmap": {"tcpServices": {"namespace": "ingress", "name": "tcp"},
                    "udpServices": {"namespace": "ingress", "name": "udp"}}
    }})");
}

TEST(PoolTest, ReadsAMinimalObjectWithItsDefaults) {
  const absl::StatusOr<Pool> pool = ParsePool(MinimalPool());
  ASSERT_TRUE(pool.ok()) << pool.status();
  EXPECT_EQ(pool->name.value(), "edge");
  EXPECT_EQ(pool->uid, "u1");
  EXPECT_EQ(pool->generation, 3);
  EXPECT_FALSE(pool->deleting);
  EXPECT_EQ(pool->load_balancers.at(0).ToString(), "Service ingress/controller");
  EXPECT_EQ(pool->static_ports, 31);
  EXPECT_EQ(pool->claim_ttl, std::chrono::minutes(10));
  EXPECT_EQ(pool->quarantine, std::chrono::minutes(10));
  EXPECT_EQ(pool->quotas.For("any"), std::nullopt);
  EXPECT_EQ(pool->configmap->Of(Protocol::kUdp).ToString(), "ingress/udp");
}

TEST(PoolTest, ReadsEverySetting) {
  Json object = MinimalPool();
  object["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
  object["spec"]["reservedPorts"] = {20005, 20006};
  object["spec"]["staticPorts"] = 7;
  object["spec"]["publishedAddresses"] = Json::array({{{"hostname", "edge.example.com"}}});
  object["spec"]["claimTtlSeconds"] = 30;
  object["spec"]["quarantineSeconds"] = 0;
  object["spec"]["driftPolicy"] = "Report";
  object["spec"]["quotas"] = {{"portsPerNamespace", 5},
                              {"namespaces", Json::array({{{"namespace", "big"}, {"ports", 50}}})}};
  const absl::StatusOr<Pool> pool = ParsePool(object);
  ASSERT_TRUE(pool.ok()) << pool.status();
  EXPECT_TRUE(pool->deleting);
  EXPECT_EQ(pool->static_ports, 7);
  EXPECT_EQ(pool->published_addresses.at(0).host(), "edge.example.com");
  EXPECT_EQ(pool->claim_ttl, std::chrono::seconds(30));
  EXPECT_EQ(pool->quarantine, std::chrono::seconds(0));
  EXPECT_EQ(pool->drift_policy, DriftPolicy::kReport);
  EXPECT_EQ(pool->quotas.For("big"), 50);
  EXPECT_EQ(pool->quotas.For("any"), 5);
}

TEST(PoolTest, AllowsThePortsOfTheRangeThatAreNotReserved) {
  Json object = MinimalPool();
  object["spec"]["reservedPorts"] = {20005};
  const absl::StatusOr<Pool> pool = ParsePool(object);
  EXPECT_TRUE(pool->Allows(Port::Of<20000>()));
  EXPECT_TRUE(pool->Allows(Port::Of<20999>()));
  EXPECT_FALSE(pool->Allows(Port::Of<19999>()));
  EXPECT_FALSE(pool->Allows(Port::Of<21000>()));
  EXPECT_FALSE(pool->Allows(Port::Of<20005>()));
}

TEST(PoolTest, RefusesObjectsThatCannotBeServed) {
  const auto refused = [](const char* pointer, Json value) {
    Json object = MinimalPool();
    object[Json::json_pointer(pointer)] = std::move(value);
    return !ParsePool(object).ok();
  };
  EXPECT_TRUE(refused("/metadata/name", "edge.one"));
  EXPECT_TRUE(refused("/spec/driver", "magic"));
  EXPECT_TRUE(refused("/spec/loadBalancers", Json::array()));
  EXPECT_TRUE(refused("/spec/loadBalancers/0/kind", "Pod"));
  EXPECT_TRUE(refused("/spec/portRange/first", 21000));
  EXPECT_TRUE(refused("/spec/portRange/last", 70000));
  EXPECT_TRUE(refused("/spec/configmap", nullptr));
  EXPECT_TRUE(refused("/spec/publishedAddresses", Json::array({{{"ip", "edge"}}})));
  EXPECT_FALSE(ParsePool(Json::object()).ok());
}

Json SharedPool() {
  Json object = MinimalPool();
  object["spec"].erase("configmap");
  object["spec"]["driver"] = "loadbalancer";
  object["spec"]["loadbalancer"] = {{"implementation", "MetalLB"}, {"sharingKey", "edge"}};
  return object;
}

TEST(PoolTest, ReadsHowServicesShareAnAddress) {
  const absl::StatusOr<Pool> pool = ParsePool(SharedPool());
  ASSERT_TRUE(pool.ok()) << pool.status();
  EXPECT_EQ(pool->loadbalancer,
            (LoadBalancerSettings{.implementation = LoadBalancerImplementation::kMetalLb,
                                  .sharing_key = "edge"}));
  Json kube_vip = SharedPool();
  kube_vip["spec"]["loadbalancer"] = {{"implementation", "KubeVip"},
                                      {"externalTrafficPolicy", "Local"}};
  EXPECT_EQ(ParsePool(kube_vip)->loadbalancer->traffic_policy, TrafficPolicy::kLocal);
}

TEST(PoolTest, RefusesWaysOfSharingThatDoNotWork) {
  const auto refused = [](const char* pointer, Json value) {
    Json object = SharedPool();
    object[Json::json_pointer(pointer)] = std::move(value);
    return !ParsePool(object).ok();
  };
  EXPECT_TRUE(refused("/spec/loadbalancer", nullptr));
  EXPECT_TRUE(refused("/spec/loadbalancer/implementation", "magic"));
  EXPECT_TRUE(refused("/spec/loadbalancer/sharingKey", ""));
  EXPECT_TRUE(refused("/spec/loadbalancer/externalTrafficPolicy", "Local"));
  EXPECT_TRUE(refused("/spec/loadbalancer/externalTrafficPolicy", "Sometimes"));
  EXPECT_TRUE(refused("/spec/loadbalancer/implementation", "KubeVip")) << "it knows no key";
}

TEST(PoolTest, KeepsAStaticBandBySizeOfTheRange) {
  EXPECT_EQ(DefaultStaticPorts(31), 0);
  EXPECT_EQ(DefaultStaticPorts(32), 16);
  EXPECT_EQ(DefaultStaticPorts(1000), 31);
  EXPECT_EQ(DefaultStaticPorts(10001), 128);
}

}  // namespace
}  // namespace berth::pool
