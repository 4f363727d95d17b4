#include "port-service/domain/discovery.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::port {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

FoundLoadBalancer Service(const std::string& ns, const std::string& name,
                          const std::vector<std::string>& addresses,
                          const std::string& app = "nginx") {
  FoundLoadBalancer service{.ref = {pool::LoadBalancerKind::kService, {ns, name}},
                            .selector = {{"app", app}}};
  for (const std::string& address : addresses) {
    service.addresses.push_back(*pool::Address::ParseIp(address));
  }
  return service;
}

FoundWorkload Nginx(const std::string& ns, const std::string& app = "nginx") {
  return {.kind = "Deployment",
          .name = {ns, app},
          .pod_labels = {{"app", app}, {"tier", "edge"}},
          .containers = {{.arguments = {"--sidecar"}},
                         {.arguments = {"--tcp-services-configmap=$(NS)/" + app + "-tcp",
                                        "--udp-services-configmap=$(NS)/" + app + "-udp"},
                          .environment = {{"NS", ns}}}}};
}

pool::Pool PoolNamed(const std::string& name, std::vector<pool::LoadBalancerRef> refs) {
  return {.name = *pool::PoolName::Parse(name),
          .load_balancers = std::move(refs),
          .first = *pool::Port::Parse(std::int64_t{1}),
          .last = *pool::Port::Parse(std::int64_t{2})};
}

TEST(DiscoveryTest, ProposesAPoolForALoadBalancerWhoseControllerReadsConfigMaps) {
  const auto proposals = ProposePools({Service("web", "edge", {"192.0.2.1"})}, {Nginx("web")}, {});
  ASSERT_THAT(proposals, SizeIs(1));
  EXPECT_EQ(proposals[0].name, "edge");
  EXPECT_EQ(proposals[0].driver, pool::Driver::kConfigMap);
  EXPECT_EQ(proposals[0].controller, "Deployment web/nginx");
  ASSERT_TRUE(proposals[0].configmap.has_value());
  EXPECT_EQ(proposals[0].configmap->tcp_services.ToString(), "web/nginx-tcp");
  EXPECT_EQ(proposals[0].configmap->udp_services.ToString(), "web/nginx-udp");
  EXPECT_EQ(proposals[0].pool + proposals[0].problem, "");
}

TEST(DiscoveryTest, PutsLoadBalancersThatShareAnAddressIntoOnePool) {
  const auto proposals = ProposePools(
      {Service("web", "c", {"192.0.2.2", "192.0.2.1"}), Service("web", "b", {"192.0.2.2"}),
       Service("web", "other", {"192.0.2.9"}), Service("web", "a", {"192.0.2.1"})},
      {Nginx("web")}, {});
  ASSERT_THAT(proposals, SizeIs(2));
  ASSERT_THAT(proposals[0].load_balancers, SizeIs(3));
  EXPECT_EQ(proposals[0].name, "a");
  EXPECT_EQ(proposals[0].problem, "");
  EXPECT_EQ(proposals[1].name, "other");
}

TEST(DiscoveryTest, TellsWhatIsInTheWayOfAPool) {
  const auto problem = [](const std::vector<FoundLoadBalancer>& services,
                          const std::vector<FoundWorkload>& workloads) {
    return ProposePools(services, workloads, {}).at(0).problem;
  };
  EXPECT_THAT(problem({Service("web", "edge", {})}, {Nginx("web")}), HasSubstr("no address yet"));
  EXPECT_THAT(problem({Service("web", "edge", {"192.0.2.1"})}, {Nginx("elsewhere")}),
              HasSubstr("no Deployment or DaemonSet is behind web/edge"));
  FoundWorkload other = Nginx("web");
  other.containers.pop_back();
  EXPECT_THAT(problem({Service("web", "edge", {"192.0.2.1"})}, {other}),
              HasSubstr("Deployment web/nginx has no --tcp-services-configmap"));
  EXPECT_THAT(problem({Service("web", "a", {"192.0.2.1"}, "one"),
                       Service("web", "b", {"192.0.2.1"}, "two")},
                      {Nginx("web", "one"), Nginx("web", "two")}),
              HasSubstr("different controllers"));
}

TEST(DiscoveryTest, TakesTheControllerAmongSeveralWorkloads) {
  FoundWorkload debug = Nginx("web");
  debug.name.name = "a-debug";
  debug.containers.clear();
  const auto proposals =
      ProposePools({Service("web", "edge", {"192.0.2.1"})}, {debug, Nginx("web")}, {});
  EXPECT_EQ(proposals.at(0).controller, "Deployment web/nginx");
}

TEST(DiscoveryTest, KnowsThePoolsThatAreThereAndTheirNames) {
  const pool::Pool of_it = PoolNamed("main", {{pool::LoadBalancerKind::kService, {"web", "edge"}}});
  const pool::Pool namesake =
      PoolNamed("edge", {{pool::LoadBalancerKind::kService, {"web", "gone"}}});
  const auto proposals =
      ProposePools({Service("web", "edge", {"192.0.2.1"})}, {Nginx("web")}, {of_it, namesake});
  EXPECT_EQ(proposals.at(0).pool, "main");
  EXPECT_EQ(proposals.at(0).name, "web-edge");
  EXPECT_THAT(proposals.at(0).problem, HasSubstr("pool 'main' has it"));
}

TEST(DiscoveryTest, GivesEachProposalANameOfItsOwn) {
  const auto proposals =
      ProposePools({Service("a", "edge", {"192.0.2.1"}), Service("b", "edge", {"192.0.2.2"}),
                    Service("a", "b-edge", {"192.0.2.3"})},
                   {Nginx("a"), Nginx("b")}, {});
  ASSERT_THAT(proposals, SizeIs(3));
  EXPECT_EQ(proposals[0].name, "b-edge");
  EXPECT_EQ(proposals[1].name, "edge");
  EXPECT_EQ(proposals[2].name, "pool-1");
}

FoundLoadBalancer Gateway(const std::string& name, const std::string& address) {
  return {.ref = {pool::LoadBalancerKind::kGateway, {"infra", name}},
          .gateway_class = "envoy",
          .addresses = {*pool::Address::ParseIp(address)}};
}

TEST(DiscoveryTest, ProposesAPoolForAGatewayAndNoneForTheServiceInFrontOfIt) {
  const auto proposals = ProposePools(
      {Gateway("edge", "192.0.2.1"), Service("envoy", "proxy", {"192.0.2.1"})}, {}, {});
  ASSERT_THAT(proposals, SizeIs(1));
  EXPECT_EQ(proposals[0].name, "edge");
  EXPECT_EQ(proposals[0].driver, pool::Driver::kGatewayApi);
  EXPECT_EQ(proposals[0].controller, "GatewayClass envoy");
  ASSERT_THAT(proposals[0].load_balancers, SizeIs(1));
  EXPECT_EQ(proposals[0].load_balancers[0].ref.ToString(), "Gateway infra/edge");
  EXPECT_EQ(proposals[0].pool + proposals[0].problem, "");
}

TEST(DiscoveryTest, TellsWhatIsInTheWayOfAPoolOnAGateway) {
  FoundLoadBalancer closed = Gateway("edge", "192.0.2.1");
  closed.problem = "admits nobody";
  EXPECT_EQ(ProposePools({closed}, {}, {}).at(0).problem, "Gateway infra/edge admits nobody");
  FoundLoadBalancer pending = Gateway("edge", "192.0.2.1");
  pending.addresses.clear();
  EXPECT_THAT(ProposePools({pending}, {}, {}).at(0).problem, HasSubstr("no address yet"));
  const pool::Pool of_it =
      PoolNamed("main", {{pool::LoadBalancerKind::kGateway, {"infra", "edge"}}});
  EXPECT_EQ(ProposePools({Gateway("edge", "192.0.2.1")}, {}, {of_it}).at(0).pool, "main");
}

TEST(DiscoveryTest, ConfiguresAPoolOfWhatHasNoProblem) {
  PoolProposal proposal{
      .name = "edge",
      .load_balancers = {{.ref = {pool::LoadBalancerKind::kService, {"ingress", "controller"}}}},
      .driver = pool::Driver::kConfigMap,
      .configmap = pool::ConfigMapRefs{.tcp_services = {"ingress", "tcp"},
                                       .udp_services = {"ingress", "udp"}}};
  const auto spec = SpecOf(proposal, pool::Port::Of<20000>(), pool::Port::Of<20099>());
  ASSERT_TRUE(spec.has_value());
  EXPECT_EQ(spec->name.value(), "edge");
  EXPECT_EQ(spec->driver, pool::Driver::kConfigMap);
  EXPECT_EQ(spec->load_balancers,
            (std::vector<pool::LoadBalancerRef>{
                {pool::LoadBalancerKind::kService, {"ingress", "controller"}}}));
  EXPECT_EQ(spec->configmap, proposal.configmap);
  EXPECT_EQ(spec->last, pool::Port::Of<20099>());
  proposal.problem = "has no address yet";
  EXPECT_FALSE(SpecOf(proposal, pool::Port::Of<20000>(), pool::Port::Of<20099>()).has_value());
}

}  // namespace
}  // namespace berth::port
