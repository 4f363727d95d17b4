#include "common/pool/seen_gateway.h"

#include <gtest/gtest.h>

#include "common/kube/object.h"

namespace berth::pool {
namespace {

using kube::Json;

Json ListenerSet() {
  return Json::parse(R"({
    "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ListenerSet",
    "metadata": {"namespace": "shop", "name": "web", "generation": 2, "resourceVersion": "7",
                 "labels": {"berth.dev/claim-uid": "c1"}, "annotations": {"big": "text"}},
    "spec": {"parentRef": {"group": "gateway.networking.k8s.io", "kind": "Gateway",
                           "namespace": "infra", "name": "edge"},
             "listeners": [{"name": "a", "port": 20001, "protocol": "TCP"}]},
    "status": {"listeners": [{"name": "a"}],
               "conditions": [{"type": "Programmed", "status": "True"},
                              {"type": "Accepted", "status": "False", "reason": "NotAllowed",
                               "observedGeneration": 2, "message": "no"}]}})");
}

TEST(SeenGatewayTest, FindsTheGatewayOfAListenerSet) {
  Json listener_set = ListenerSet();
  EXPECT_EQ(ParentGateway(listener_set), (kube::ObjectName{"infra", "edge"}));
  listener_set["spec"]["parentRef"] = {{"name", "edge"}};
  EXPECT_EQ(ParentGateway(listener_set), (kube::ObjectName{"shop", "edge"})) << "all by default";
  listener_set["spec"]["parentRef"]["kind"] = "Service";
  EXPECT_EQ(ParentGateway(listener_set), std::nullopt);
  listener_set["spec"]["parentRef"] = {{"name", "edge"}, {"group", "example.org"}};
  EXPECT_EQ(ParentGateway(listener_set), std::nullopt);
  listener_set["spec"].erase("parentRef");
  EXPECT_EQ(ParentGateway(listener_set), std::nullopt);
}

TEST(SeenGatewayTest, TakesNobodysWordForAListenerSetInAnotherNamespace) {
  Json listener_set = ListenerSet();
  EXPECT_TRUE(IsOfRule(listener_set, "shop"));
  EXPECT_FALSE(IsOfRule(listener_set, "berth"));
  listener_set["metadata"].erase("labels");
  EXPECT_FALSE(IsOfRule(listener_set, "shop"));
}

TEST(SeenGatewayTest, CountsEveryListenerUnderTheProtocolThatItsPortIsOf) {
  Json listener_set = ListenerSet();
  listener_set.erase("status");
  listener_set["spec"]["listeners"] = Json::parse(R"([
    {"port": 1, "protocol": "HTTP"}, {"port": 2, "protocol": "HTTPS"},
    {"port": 3, "protocol": "TLS"}, {"port": 4, "protocol": "TCP"},
    {"port": 5, "protocol": "UDP"}, {"port": 6, "protocol": "example.org/quic"},
    {"port": 0, "protocol": "TCP"}, {"protocol": "TCP"}])");
  const PortsByProtocol ports = ListenerPorts(listener_set);
  EXPECT_EQ(ports.tcp,
            PortSet({Port::Of<1>(), Port::Of<2>(), Port::Of<3>(), Port::Of<4>(), Port::Of<6>()}));
  EXPECT_EQ(ports.udp, PortSet({Port::Of<5>(), Port::Of<6>()}));
}

TEST(SeenGatewayTest, CountsNothingOfAListenerSetThatIsNotAdmitted) {
  Json listener_set = ListenerSet();
  EXPECT_TRUE(ListenerPorts(listener_set).empty());
  listener_set["metadata"]["generation"] = 3;
  EXPECT_FALSE(ListenerPorts(listener_set).empty()) << "the verdict is of an older spec";
}

TEST(SeenGatewayTest, ReadsTheSameOfAReducedListenerSet) {
  for (const char* generation : {"2", "3"}) {
    Json whole = ListenerSet();
    whole["metadata"]["generation"] = Json::parse(generation);
    Json reduced = whole;
    ReduceListenerSet(reduced);
    EXPECT_EQ(ParentGateway(reduced), ParentGateway(whole));
    EXPECT_EQ(ListenerPorts(reduced), ListenerPorts(whole));
    EXPECT_TRUE(IsOfRule(reduced, "shop"));
    EXPECT_EQ(kube::ResourceVersion(reduced), "7");
    EXPECT_EQ(kube::At(reduced, {"metadata", "annotations"}), nullptr);
    EXPECT_EQ(reduced["status"]["conditions"].size(), 1u);
  }
}

TEST(SeenGatewayTest, ReadsAddressesOfTheKindsThatBerthKnows) {
  const Json gateway = Json::parse(R"({"status": {"addresses": [
    {"type": "IPAddress", "value": "192.0.2.1"}, {"value": "2001:DB8::1"},
    {"type": "Hostname", "value": "edge.example.com"}, {"type": "example.org/name", "value": "x"}]}})");
  const std::vector<Address> addresses = GatewayAddresses(gateway);
  ASSERT_EQ(addresses.size(), 3u);
  EXPECT_EQ(addresses[0].host(), "192.0.2.1");
  EXPECT_EQ(addresses[1].host(), "2001:db8::1");
  EXPECT_EQ(addresses[2].host(), "edge.example.com");
}

}  // namespace
}  // namespace berth::pool
