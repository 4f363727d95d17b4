#include "port-service/transport/pool_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/status/status.h"
#include "port-service/transport/convert.h"
#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

v1::PortPool Minimal() {
  v1::PortPool proto;
  proto.set_name("edge");
  proto.set_driver("configmap");
  v1::LoadBalancer& load_balancer = *proto.add_load_balancers();
  load_balancer.set_kind("Service");
  load_balancer.set_namespace_("ingress");
  load_balancer.set_name("controller");
  proto.set_first_port(20000);
  proto.set_last_port(20999);
  for (v1::ObjectName* name : {proto.mutable_configmap()->mutable_tcp_services(),
                               proto.mutable_configmap()->mutable_udp_services()}) {
    name->set_namespace_("ingress");
    name->set_name("services");
  }
  return proto;
}

v1::LoadBalancerSettings MetalLb() {
  v1::LoadBalancerSettings settings;
  settings.set_implementation(v1::LoadBalancerSettings::IMPLEMENTATION_METALLB);
  settings.set_sharing_key("edge");
  return settings;
}

std::vector<std::string> FieldsAtFault(const v1::PortPool& proto) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : FieldViolationsOf(ParsePoolSpec(proto).status())) {
    fields.push_back(violation.field);
  }
  return fields;
}

TEST(PoolMappingTest, FillsInWhatIsNotSaid) {
  const auto spec = ParsePoolSpec(Minimal());
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->static_ports, std::nullopt);
  EXPECT_EQ(spec->claim_ttl, std::chrono::minutes(10));
  EXPECT_EQ(spec->quarantine, std::chrono::minutes(10));
  EXPECT_EQ(spec->quotas, pool::Quotas());
}

TEST(PoolMappingTest, ReadsBackWhatItAnswers) {
  pool::Pool pool = TestPool();
  pool.uid = "p1";
  pool.generation = 3;
  pool.reserved = {pool::Port::Of<20005>()};
  pool.quotas = {.per_namespace = 5, .by_namespace = {{"shop", 7}}};
  pool.published_addresses = {*pool::Address::ParseIp("10.0.0.9")};
  pool.claim_ttl = std::chrono::seconds(60);
  pool.quarantine = std::chrono::seconds(0);
  pool.drift_policy = pool::DriftPolicy::kReport;
  pool.configmap =
      pool::ConfigMapRefs{.tcp_services = {"ingress", "tcp"}, .udp_services = {"ingress", "udp"}};
  const v1::PortPool proto =
      ToProto({.pool = pool, .load_balancers = {{.ref = pool.load_balancers[0]}}}, {}, {});
  EXPECT_EQ(proto.etag(), "p1.3");
  const auto spec = ParsePoolSpec(proto);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->load_balancers, pool.load_balancers);
  EXPECT_EQ(spec->reserved, pool.reserved);
  EXPECT_EQ(spec->static_ports, 31);
  EXPECT_EQ(spec->quotas, pool.quotas);
  EXPECT_EQ(spec->published_addresses, pool.published_addresses);
  EXPECT_EQ(spec->claim_ttl, pool.claim_ttl);
  EXPECT_EQ(spec->quarantine, pool.quarantine);
  EXPECT_EQ(spec->drift_policy, pool.drift_policy);
  EXPECT_EQ(spec->configmap, pool.configmap);
}

TEST(PoolMappingTest, NamesEveryFieldOfAnEmptyPool) {
  EXPECT_THAT(FieldsAtFault({}), ElementsAre("pool.name", "pool.driver", "pool.load_balancers",
                                             "pool.first_port", "pool.last_port"));
}

TEST(PoolMappingTest, NamesEveryFieldAtFaultAtOnce) {
  v1::PortPool proto = Minimal();
  proto.set_first_port(21000);
  *proto.add_load_balancers() = proto.load_balancers(0);
  proto.add_load_balancers()->set_kind("Pod");
  proto.add_reserved_ports(20999);
  proto.set_static_ports(-1);
  proto.add_quotas()->set_ports(70'000);
  proto.add_quotas();
  proto.add_published_addresses();
  proto.mutable_claim_ttl()->set_seconds(0);
  proto.mutable_quarantine()->set_nanos(1);
  proto.mutable_configmap()->clear_udp_services();
  EXPECT_THAT(FieldsAtFault(proto),
              UnorderedElementsAre(
                  "pool.load_balancers[1]", "pool.load_balancers[2].kind",
                  "pool.load_balancers[2].namespace", "pool.load_balancers[2].name",
                  "pool.last_port", "pool.reserved_ports[0]", "pool.static_ports",
                  "pool.quotas[0].ports", "pool.quotas[1].namespace", "pool.published_addresses[0]",
                  "pool.claim_ttl", "pool.quarantine", "pool.configmap.udp_services.namespace",
                  "pool.configmap.udp_services.name"));
}

TEST(PoolMappingTest, WantsTheConfigMapsOfOneDriverAlone) {
  v1::PortPool proto = Minimal();
  proto.set_driver("loadbalancer");
  *proto.mutable_loadbalancer() = MetalLb();
  EXPECT_THAT(FieldsAtFault(proto), ElementsAre("pool.configmap"));
  proto.clear_configmap();
  EXPECT_TRUE(ParsePoolSpec(proto).ok());
  proto.set_driver("configmap");
  proto.clear_loadbalancer();
  EXPECT_THAT(FieldsAtFault(proto), ElementsAre("pool.configmap"));
}

TEST(PoolMappingTest, WantsGatewaysForOneDriverAlone) {
  v1::PortPool proto = Minimal();
  proto.clear_configmap();
  proto.set_driver("gateway-api");
  EXPECT_THAT(FieldsAtFault(proto), ElementsAre("pool.load_balancers[0].kind"));
  proto.mutable_load_balancers(0)->set_kind("Gateway");
  const auto spec = ParsePoolSpec(proto);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->load_balancers[0].kind, pool::LoadBalancerKind::kGateway);
  proto.set_driver("loadbalancer");
  *proto.mutable_loadbalancer() = MetalLb();
  EXPECT_THAT(FieldsAtFault(proto), ElementsAre("pool.load_balancers[0].kind"));
}

TEST(PoolMappingTest, ReadsBackHowServicesShareAnAddress) {
  pool::Pool pool = TestPool();
  pool.driver = pool::Driver::kLoadBalancer;
  pool.configmap.reset();
  for (const pool::LoadBalancerSettings& settings :
       {pool::LoadBalancerSettings{.implementation = pool::LoadBalancerImplementation::kMetalLb,
       .sharing_key = "a"},
        pool::LoadBalancerSettings{.implementation = pool::LoadBalancerImplementation::kCilium,
        .sharing_key = "b"},
        pool::LoadBalancerSettings{.implementation = pool::LoadBalancerImplementation::kKubeVip,
        .traffic_policy = pool::TrafficPolicy::kLocal}}) {
    pool.loadbalancer = settings;
    const auto spec = ParsePoolSpec(
        ToProto({.pool = pool, .load_balancers = {{.ref = pool.load_balancers[0]}}}, {}, {}));
    ASSERT_TRUE(spec.ok()) << spec.status();
    EXPECT_EQ(spec->loadbalancer, settings);
  }
}

TEST(PoolMappingTest, WantsAWayOfSharingThatWorks) {
  v1::PortPool proto = Minimal();
  proto.clear_configmap();
  proto.set_driver("loadbalancer");
  EXPECT_THAT(FieldsAtFault(proto), ElementsAre("pool.loadbalancer"));
  v1::LoadBalancerSettings& settings = *proto.mutable_loadbalancer();
  EXPECT_THAT(FieldsAtFault(proto), ElementsAre("pool.loadbalancer.implementation"));
  settings = MetalLb();
  settings.clear_sharing_key();
  EXPECT_THAT(FieldsAtFault(proto), ElementsAre("pool.loadbalancer"));
  settings.set_sharing_key(std::string(254, 'k'));
  EXPECT_THAT(FieldsAtFault(proto), ElementsAre("pool.loadbalancer.sharing_key"));
  settings = MetalLb();
  settings.set_external_traffic_policy(v1::LoadBalancerSettings::EXTERNAL_TRAFFIC_POLICY_LOCAL);
  EXPECT_THAT(FieldsAtFault(proto), ElementsAre("pool.loadbalancer"));
  settings.set_implementation(v1::LoadBalancerSettings::IMPLEMENTATION_KUBE_VIP);
  settings.clear_sharing_key();
  EXPECT_TRUE(ParsePoolSpec(proto).ok());
  proto.set_driver("gateway-api");
  proto.mutable_load_balancers(0)->set_kind("Gateway");
  EXPECT_THAT(FieldsAtFault(proto), ElementsAre("pool.loadbalancer"));
}

}  // namespace
}  // namespace berth::port
