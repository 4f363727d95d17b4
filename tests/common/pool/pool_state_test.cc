#include "common/pool/pool_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "common/status/status.h"

namespace berth::pool {
namespace {

using kube::Json;

/// The objects of a pretended cluster; everything not put there is known to be absent.
class Cluster {
 public:
  void Put(const kube::Resource& resource, const kube::ObjectName& name, Json object) {
    objects_[{std::string(resource.plural), name}] = {
        .known = true, .object = std::make_shared<const Json>(std::move(object))};
  }
  void Hide(const kube::Resource& resource, const kube::ObjectName& name) {
    objects_[{std::string(resource.plural), name}] = {};
  }

  void PutGateway(const kube::ObjectName& name, SeenGateway gateway) {
    gateways_[name] = std::move(gateway);
  }

  Lookup finder() const {
    return {.object =
                [this](const kube::Resource& resource, const kube::ObjectName& name) {
                  const auto found = objects_.find({std::string(resource.plural), name});
                  return found == objects_.end() ? SeenObject{.known = true} : found->second;
                },
            .gateway =
                [this](const kube::ObjectName& name) {
                  const auto found = gateways_.find(name);
                  return found == gateways_.end() ? SeenGateway{.known = true} : found->second;
                },
            .services = [this] { return services_; }};
  }

  void PutServices(const std::vector<Json>& services) {
    auto seen = std::make_shared<std::vector<std::shared_ptr<const Json>>>();
    for (const Json& service : services) {
      seen->push_back(std::make_shared<const Json>(service));
    }
    services_ = {.known = true, .services = std::move(seen)};
  }

 private:
  std::map<std::pair<std::string, kube::ObjectName>, SeenObject> objects_;
  std::map<kube::ObjectName, SeenGateway> gateways_;
  SeenServices services_;
};

const kube::ObjectName kController{"ingress", "controller"};
const kube::ObjectName kTcpServices{"ingress", "tcp"};

Json Service(Json ports = Json::array()) {
  return {{"metadata", {{"name", "controller"}, {"namespace", "ingress"}, {"uid", "lb1"}}},
          {"spec", {{"ports", std::move(ports)}}},
          {"status", {{"loadBalancer", {{"ingress", Json::array({{{"ip", "10.0.0.1"}}})}}}}}};
}

Pool MakePool(const std::string& name = "edge", const kube::ObjectName& service = kController) {
  return {
      .name = *PoolName::Parse(name),
      .uid = "uid-" + name,
      .driver = Driver::kConfigMap,
      .load_balancers = {{LoadBalancerKind::kService, service}},
      .first = Port::Of<20000>(),
      .last = Port::Of<20099>(),
      .configmap = ConfigMapRefs{.tcp_services = kTcpServices, .udp_services = {"ingress", "udp"}}};
}

PoolState Derive(const Cluster& cluster, const Pool& pool = MakePool()) {
  return *DerivePoolStates({pool}, cluster.finder()).at(0);
}

TEST(PoolStateTest, TakesTheAddressesOfItsLoadBalancer) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  const PoolState state = Derive(cluster);
  EXPECT_TRUE(state.usable.ok()) << state.usable;
  EXPECT_TRUE(state.known);
  EXPECT_EQ(state.load_balancers.at(0).uid, "lb1");
  ASSERT_EQ(state.addresses.size(), 1u);
  EXPECT_EQ(state.addresses.at(0).host(), "10.0.0.1");
}

TEST(PoolStateTest, TellsCallersThePublishedAddressesInstead) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  Pool pool = MakePool();
  pool.published_addresses = {*Address::ParseIp("127.0.0.1")};
  const PoolState state = Derive(cluster, pool);
  ASSERT_EQ(state.addresses.size(), 1u);
  EXPECT_EQ(state.addresses.at(0).host(), "127.0.0.1");
}

TEST(PoolStateTest, CountsServicePortsAndConfigMapEntriesOfOthersAsHeld) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController,
              Service(Json::array({{{"port", 20001}},
                                   {{"port", 20002}, {"protocol", "UDP"}},
                                   {{"port", 20003}, {"protocol", "SCTP"}}})));
  cluster.Put(kube::kConfigMaps, kTcpServices,
              {{"data", {{"20004", "shop/web:80"}, {"+020005", "x"}, {"no-port", "x"}}}});
  const PoolState state = Derive(cluster);
  EXPECT_TRUE(state.held_by_others.tcp.Contains(Port::Of<20001>()));
  EXPECT_FALSE(state.held_by_others.udp.Contains(Port::Of<20001>()));
  EXPECT_TRUE(state.held_by_others.udp.Contains(Port::Of<20002>()));
  EXPECT_TRUE(state.held_by_others.tcp.Contains(Port::Of<20004>()));
  EXPECT_FALSE(state.held_by_others.udp.Contains(Port::Of<20004>()));
  EXPECT_TRUE(state.held_by_others.tcp.Contains(Port::Of<20005>()))
      << "the controller reads such a key too";
}

TEST(PoolStateTest, DoesNotTakeItsOwnEntriesForThoseOfOthers) {
  Cluster cluster;
  Json service = Service(Json::array({{{"port", 20001}}, {{"port", 20002}}}));
  service["metadata"]["annotations"] = {{"berth.dev/owned", "tcp=20001"}};
  cluster.Put(kube::kServices, kController, service);
  const PoolState state = Derive(cluster);
  EXPECT_FALSE(state.held_by_others.tcp.Contains(Port::Of<20001>()));
  EXPECT_TRUE(state.held_by_others.tcp.Contains(Port::Of<20002>()));
  EXPECT_TRUE(state.owned.tcp.Contains(Port::Of<20001>()));
  EXPECT_TRUE(state.load_balancers.at(0).owned.tcp.Contains(Port::Of<20001>()));
}

TEST(PoolStateTest, KeepsTheControllersOwnPortsOut) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  const PoolState state = Derive(cluster);
  for (const int port : {80, 442, 443, 8181, 8443, 10245, 10246, 10247, 10254}) {
    EXPECT_TRUE(state.held_by_others.tcp.Contains(*Port::Parse(port))) << port;
    EXPECT_TRUE(state.held_by_others.udp.Contains(*Port::Parse(port))) << port;
  }
}

TEST(PoolStateTest, HandsOutNothingWhenWhatIsItsOwnCannotBeTold) {
  Cluster cluster;
  Json service = Service(Json::array({{{"port", 20001}}}));
  service["metadata"]["annotations"] = {{"berth.dev/owned", "everything"}};
  cluster.Put(kube::kServices, kController, service);
  const PoolState state = Derive(cluster);
  EXPECT_FALSE(state.known);
  EXPECT_EQ(ReasonOf(state.usable), Reason::ERROR_REASON_POOL_NOT_READY);
  EXPECT_TRUE(state.held_by_others.tcp.Contains(Port::Of<20001>()));
}

TEST(PoolStateTest, IsNotReadyWithoutALoadBalancerThatWorks) {
  const auto problem = [](const Cluster& cluster) {
    const PoolState state = Derive(cluster);
    EXPECT_EQ(ReasonOf(state.usable), Reason::ERROR_REASON_POOL_NOT_READY);
    return std::string(state.usable.message());
  };
  Cluster cluster;
  EXPECT_THAT(problem(cluster), testing::HasSubstr("does not exist"));

  Json pending = Service();
  pending.erase("status");
  cluster.Put(kube::kServices, kController, pending);
  EXPECT_THAT(problem(cluster), testing::HasSubstr("has no address"));

  Json going = Service();
  going["metadata"]["deletionTimestamp"] = "2026-01-02T03:04:05Z";
  cluster.Put(kube::kServices, kController, going);
  EXPECT_THAT(problem(cluster), testing::HasSubstr("being deleted"));

  Json failed = Service();
  failed["status"]["loadBalancer"]["ingress"][0]["ports"] =
      Json::array({{{"port", 20001}, {"protocol", "TCP"}, {"error", "ListenerLimit"}}});
  cluster.Put(kube::kServices, kController, failed);
  EXPECT_THAT(problem(cluster), testing::HasSubstr("reports an error"));

  cluster.Hide(kube::kServices, kController);
  EXPECT_THAT(problem(cluster), testing::HasSubstr("not been read"));
  EXPECT_FALSE(Derive(cluster).known);
}

TEST(PoolStateTest, NeedsOnlyOneOfItsLoadBalancers) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  Pool pool = MakePool();
  pool.load_balancers.insert(pool.load_balancers.begin(),
                             {LoadBalancerKind::kService, {"ingress", "missing"}});
  const PoolState state = Derive(cluster, pool);
  EXPECT_TRUE(state.usable.ok()) << state.usable;
  EXPECT_FALSE(state.load_balancers.at(0).usable.ok());
}

TEST(PoolStateTest, IsNotReadyWhileOneOfItsLoadBalancersIsUnread) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  cluster.Hide(kube::kServices, {"ingress", "second"});
  Pool pool = MakePool();
  pool.load_balancers.push_back({LoadBalancerKind::kService, {"ingress", "second"}});
  EXPECT_EQ(ReasonOf(Derive(cluster, pool).usable), Reason::ERROR_REASON_POOL_NOT_READY)
      << "a port of the second may be somebody's";
}

TEST(PoolStateTest, IsNotReadyWhileItsConfigMapIsUnread) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  cluster.Hide(kube::kConfigMaps, kTcpServices);
  const PoolState state = Derive(cluster);
  EXPECT_FALSE(state.known);
  EXPECT_EQ(ReasonOf(state.usable), Reason::ERROR_REASON_POOL_NOT_READY);
}

TEST(PoolStateTest, HandsOutNothingWhileItIsDeleted) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  Pool pool = MakePool();
  pool.deleting = true;
  EXPECT_EQ(ReasonOf(Derive(cluster, pool).usable), Reason::ERROR_REASON_POOL_NOT_READY);
}

TEST(PoolStateTest, StopsBothPoolsThatAreSeenOnOneAddress) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  cluster.Put(kube::kServices, {"ingress", "second"}, Service());
  const auto states =
      DerivePoolStates({MakePool("one"), MakePool("two", {"ingress", "second"})}, cluster.finder());
  for (const auto& state : states) {
    EXPECT_EQ(ReasonOf(state->usable), Reason::ERROR_REASON_POOLS_OVERLAP);
    EXPECT_THAT(std::string(state->usable.message()), testing::HasSubstr("10.0.0.1"));
  }
}

TEST(PoolStateTest, StopsBothPoolsThatNameOneLoadBalancer) {
  Cluster cluster;
  const auto states = DerivePoolStates({MakePool("one"), MakePool("two")}, cluster.finder());
  for (const auto& state : states) {
    EXPECT_EQ(ReasonOf(state->usable), Reason::ERROR_REASON_POOLS_OVERLAP);
  }
}

TEST(PoolStateTest, LetsPoolsOfDifferentAddressesAlone) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  Json second = Service();
  second["status"]["loadBalancer"]["ingress"][0]["ip"] = "10.0.0.2";
  cluster.Put(kube::kServices, {"ingress", "second"}, second);
  const auto states =
      DerivePoolStates({MakePool("one"), MakePool("two", {"ingress", "second"})}, cluster.finder());
  for (const auto& state : states) {
    EXPECT_TRUE(state->usable.ok()) << state->usable;
  }
}

const kube::ObjectName kGateway{"infra", "edge"};

Json Gateway() {
  return Json::parse(R"({
    "metadata": {"namespace": "infra", "name": "edge", "uid": "gw1", "labels": {"tier": "edge"}},
    "spec": {"listeners": [{"name": "http", "port": 80, "protocol": "HTTP"},
                           {"name": "dns", "port": 20053, "protocol": "UDP"}]},
    "status": {"addresses": [{"type": "IPAddress", "value": "10.0.0.1"}],
               "conditions": [{"type": "Programmed", "status": "True", "reason": "Programmed"}]}})");
}

std::shared_ptr<const Json> ListenerSet(int port) {
  return std::make_shared<const Json>(
      Json{{"metadata", {{"namespace", "infra"}}},
           {"spec", {{"listeners", Json::array({{{"port", port}, {"protocol", "TCP"}}})}}}});
}

SeenGateway Seen(Json gateway, AttachedListenerSets attached = {}) {
  return {.known = true,
          .object = std::make_shared<const Json>(std::move(gateway)),
          .listener_sets = std::make_shared<const AttachedListenerSets>(std::move(attached))};
}

Pool GatewayPool(const std::string& name = "gateways") {
  Pool pool = MakePool(name);
  pool.driver = Driver::kGatewayApi;
  pool.load_balancers = {{LoadBalancerKind::kGateway, kGateway}};
  pool.configmap.reset();
  return pool;
}

TEST(PoolStateTest, TakesAddressesAndPortsOfAGateway) {
  Cluster cluster;
  cluster.PutGateway(
      kGateway, Seen(Gateway(), {.own = {ListenerSet(20001)}, .others = {ListenerSet(20002)}}));
  const PoolState state = Derive(cluster, GatewayPool());
  EXPECT_TRUE(state.usable.ok()) << state.usable;
  EXPECT_TRUE(state.known);
  EXPECT_EQ(state.load_balancers.at(0).uid, "gw1");
  EXPECT_EQ(state.load_balancers.at(0).labels.at("tier"), "edge");
  EXPECT_EQ(state.addresses.at(0).host(), "10.0.0.1");
  EXPECT_EQ(state.held_by_others.tcp, PortSet({Port::Of<80>(), Port::Of<20002>()}));
  EXPECT_EQ(state.held_by_others.udp, PortSet({Port::Of<20053>()}));
  EXPECT_EQ(state.owned.tcp, PortSet({Port::Of<20001>()}));
  EXPECT_EQ(state.load_balancers.at(0).owned, state.owned);
}

TEST(PoolStateTest, TellsItsOwnListenersOfAGatewayFromThoseOfOthers) {
  Json gateway = Gateway();
  gateway["metadata"]["annotations"] = {{"berth.dev/owned", "udp=20053"}};
  Cluster cluster;
  cluster.PutGateway(kGateway, Seen(gateway));
  const PoolState state = Derive(cluster, GatewayPool());
  EXPECT_TRUE(state.held_by_others.udp.empty());
  EXPECT_EQ(state.owned.udp, PortSet({Port::Of<20053>()}));
}

TEST(PoolStateTest, SaysWhyAGatewayDoesNotServe) {
  const auto problem = [](SeenGateway seen) {
    Cluster cluster;
    cluster.PutGateway(kGateway, std::move(seen));
    const PoolState state = Derive(cluster, GatewayPool());
    EXPECT_EQ(ReasonOf(state.usable), Reason::ERROR_REASON_POOL_NOT_READY);
    return std::string(state.usable.message());
  };
  EXPECT_THAT(problem({.known = true}), testing::HasSubstr("does not exist"));
  EXPECT_THAT(problem({}), testing::HasSubstr("has not been read yet"));
  EXPECT_THAT(problem({.problem = "cannot be read"}), testing::HasSubstr("cannot be read"));
  EXPECT_THAT(problem({.known = true, .problem = "is not served"}),
              testing::HasSubstr("Gateway infra/edge is not served"));
  Json gateway = Gateway();
  gateway["status"]["addresses"].clear();
  EXPECT_THAT(problem(Seen(gateway)), testing::HasSubstr("no address"));
  gateway = Gateway();
  gateway["status"]["conditions"][0]["status"] = "False";
  gateway["status"]["conditions"][0]["reason"] = "NoResources";
  EXPECT_THAT(problem(Seen(gateway)), testing::HasSubstr("not programmed: NoResources"));
  gateway = Gateway();
  gateway["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  EXPECT_THAT(problem(Seen(gateway)), testing::HasSubstr("being deleted"));
}

TEST(PoolStateTest, WantsTheKindOfLoadBalancerThatItsDriverServes) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  cluster.PutGateway(kGateway, Seen(Gateway()));
  cluster.PutServices({});
  Pool pool = MakePool();
  pool.driver = Driver::kGatewayApi;
  EXPECT_THAT(std::string(Derive(cluster, pool).usable.message()),
              testing::HasSubstr("driver 'gateway-api' needs a Gateway"));
  pool = GatewayPool();
  pool.driver = Driver::kLoadBalancer;
  EXPECT_THAT(std::string(Derive(cluster, pool).usable.message()),
              testing::HasSubstr("driver 'loadbalancer' needs a Service"));
}

Pool SharedPool() {
  Pool pool = MakePool();
  pool.driver = Driver::kLoadBalancer;
  pool.configmap.reset();
  pool.loadbalancer = LoadBalancerSettings{.implementation = LoadBalancerImplementation::kMetalLb,
                                           .sharing_key = "edge"};
  return pool;
}

Json SharedService() {
  Json service = Service(Json::array({{{"port", 20001}}}));
  service["metadata"]["annotations"] = {{"metallb.io/allow-shared-ip", "edge"}};
  service["spec"]["externalTrafficPolicy"] = "Cluster";
  return service;
}

Json ServiceOn(const std::string& ip, const std::string& name, int port) {
  return {{"metadata", {{"namespace", "shop"}, {"name", name}}},
          {"spec", {{"ports", Json::array({{{"port", port}, {"protocol", "TCP"}}})}}},
          {"status", {{"loadBalancer", {{"ingress", Json::array({{{"ip", ip}}})}}}}}};
}

TEST(PoolStateTest, CountsThePortsOfEveryServiceOnItsAddressAsHeld) {
  Cluster cluster;
  Json anchor = SharedService();
  anchor["spec"]["loadBalancerClass"] = "example.com/class";
  cluster.Put(kube::kServices, kController, anchor);
  Json rules = ServiceOn("10.0.0.1", "berth-edge-tcp-20003", 20003);
  rules["metadata"]["labels"] = {{"berth.dev/claim-uid", "c1"}};
  cluster.PutServices({anchor, ServiceOn("10.0.0.1", "theirs", 20002), rules,
                       ServiceOn("10.0.0.2", "elsewhere", 20004)});
  const PoolState state = Derive(cluster, SharedPool());
  EXPECT_TRUE(state.usable.ok()) << state.usable;
  EXPECT_TRUE(state.known);
  EXPECT_EQ(state.held_by_others.tcp,
            PortSet({Port::Of<20001>(), Port::Of<20002>(), Port::Of<20003>()}));
  EXPECT_TRUE(state.owned.tcp.empty()) << "no claim is made up from a label";
  EXPECT_EQ(state.load_balancers.at(0).load_balancer_class, "example.com/class");
}

TEST(PoolStateTest, IsNotReadyWhileTheServicesOnItsAddressAreUnread) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, SharedService());
  const PoolState state = Derive(cluster, SharedPool());
  EXPECT_FALSE(state.known);
  EXPECT_EQ(ReasonOf(state.usable), Reason::ERROR_REASON_POOL_NOT_READY);
}

TEST(PoolStateTest, SaysWhyAServiceSharesItsAddressWithNoRule) {
  const auto problem = [](const Json& service) {
    Cluster cluster;
    cluster.Put(kube::kServices, kController, service);
    cluster.PutServices({});
    const PoolState state = Derive(cluster, SharedPool());
    EXPECT_EQ(ReasonOf(state.usable), Reason::ERROR_REASON_POOL_NOT_READY);
    return std::string(state.usable.message());
  };
  Json service = SharedService();
  service["metadata"]["annotations"]["metallb.io/allow-shared-ip"] = "other";
  EXPECT_THAT(problem(service), testing::HasSubstr("metallb.io/allow-shared-ip=edge"));
  service = SharedService();
  service["spec"]["externalTrafficPolicy"] = "Local";
  EXPECT_THAT(problem(service), testing::HasSubstr("externalTrafficPolicy 'Local'"));
  service = SharedService();
  service["metadata"]["labels"] = {{"berth.dev/claim-uid", "c1"}};
  EXPECT_THAT(problem(service), testing::HasSubstr("the Service of a rule"));
}

TEST(PoolStateTest, StopsAPoolOfServicesAndOneOfGatewaysThatShareAnAddress) {
  Cluster cluster;
  cluster.Put(kube::kServices, kController, Service());
  cluster.PutGateway(kGateway, Seen(Gateway()));
  for (const auto& state : DerivePoolStates({MakePool(), GatewayPool()}, cluster.finder())) {
    EXPECT_EQ(ReasonOf(state->usable), Reason::ERROR_REASON_POOLS_OVERLAP);
  }
}

}  // namespace
}  // namespace berth::pool
