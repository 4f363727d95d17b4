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

  FindObject finder() const {
    return [this](const kube::Resource& resource, const kube::ObjectName& name) {
      const auto found = objects_.find({std::string(resource.plural), name});
      return found == objects_.end() ? SeenObject{.known = true} : found->second;
    };
  }

 private:
  std::map<std::pair<std::string, kube::ObjectName>, SeenObject> objects_;
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

}  // namespace
}  // namespace berth::pool
