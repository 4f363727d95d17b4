#include "ingress-service/domain/gateway_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/kube/gateway_api.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

using kube::Json;
using testing::HasSubstr;

GatewayWish Wish() {
  return {.gateway = {"infra", "edge"},
          .key = {pool::Protocol::kTcp, pool::Port::Of<20001>()},
          .service = {"shop", "web"},
          .service_port = pool::Port::Of<80>()};
}

const GatewayKinds kTcp{kube::kListenerSets, kube::kTcpRoutes, kube::kReferenceGrants};

Json Condition(const std::string& type, const std::string& status, const std::string& reason,
               int generation = 3) {
  return {{"type", type},
          {"status", status},
          {"reason", reason},
          {"message", ""},
          {"observedGeneration", generation}};
}

// What a controller leaves of a rule that is served, or of one that is not.
struct Seen {
  Json listener_set = {{"kind", "ListenerSet"},
                       {"metadata", {{"name", "edge.tcp.20001"}, {"generation", 3}}}};
  Json route = {{"kind", "TCPRoute"},
                {"metadata", {{"name", "edge.tcp.20001"}, {"generation", 3}}}};

  Seen() {
    SetListenerSet(
        {Condition("Accepted", "True", "Accepted"), Condition("Programmed", "True", "Programmed")});
    SetListener({Condition("Programmed", "True", "Programmed"),
                 Condition("ResolvedRefs", "True", "ResolvedRefs"),
                 Condition("Conflicted", "False", "NoConflicts")});
    SetRoute({Condition("Accepted", "True", "Accepted"),
              Condition("ResolvedRefs", "True", "ResolvedRefs")});
  }

  void SetListenerSet(Json conditions) {
    listener_set["status"]["conditions"] = std::move(conditions);
  }
  void SetListener(Json conditions) {
    listener_set["status"]["listeners"] =
        Json::array({{{"name", "tcp"}, {"conditions", std::move(conditions)}}});
  }
  void SetRoute(Json conditions) {
    route["status"]["parents"] = Json::array(
        {{{"parentRef",
           {{"kind", "ListenerSet"}, {"name", "edge.tcp.20001"}, {"sectionName", "tcp"}}},
          {"controllerName", "example.org/gateway"},
          {"conditions", std::move(conditions)}}});
  }

  absl::Status Verdict() const { return GatewayVerdict(listener_set, route, Wish()); }
  Reason WhyNot() const { return ReasonOf(Verdict()); }
};

TEST(GatewayObjectsTest, AsksForOneListenerThatOnlyItsOwnRouteMayUse) {
  const Json spec = ListenerSetSpec(Wish(), kTcp);
  EXPECT_EQ(spec["parentRef"], Json::parse(R"({"group": "gateway.networking.k8s.io",
      "kind": "Gateway", "namespace": "infra", "name": "edge"})"));
  ASSERT_EQ(spec["listeners"].size(), 1U);
  EXPECT_EQ(spec["listeners"][0], Json::parse(R"({"name": "tcp", "port": 20001, "protocol": "TCP",
      "allowedRoutes": {"namespaces": {"from": "Same"},
        "kinds": [{"group": "gateway.networking.k8s.io", "kind": "TCPRoute"}]}})"));
}

TEST(GatewayObjectsTest, RoutesThatListenerToTheTarget) {
  EXPECT_EQ(RouteSpec(Wish(), kTcp, "edge.tcp.20001"), Json::parse(R"({
      "parentRefs": [{"group": "gateway.networking.k8s.io", "kind": "ListenerSet",
                      "name": "edge.tcp.20001", "sectionName": "tcp"}],
      "rules": [{"backendRefs": [{"group": "", "kind": "Service", "namespace": "shop",
                                  "name": "web", "port": 80, "weight": 1}]}]})"));
}

TEST(GatewayObjectsTest, NamesTheKindsThatAreServed) {
  GatewayWish wish = Wish();
  wish.key.protocol = pool::Protocol::kUdp;
  const GatewayKinds old{{kube::kGatewayTrialGroup, "v1alpha1", "xlistenersets", "XListenerSet"},
                         {kube::kGatewayGroup, "v1alpha2", "udproutes", "UDPRoute"},
                         {kube::kGatewayGroup, "v1beta1", "referencegrants", "ReferenceGrant"}};
  const Json listener = ListenerSetSpec(wish, old)["listeners"][0];
  EXPECT_EQ(listener["name"], "udp");
  EXPECT_EQ(listener["protocol"], "UDP");
  EXPECT_EQ(listener["allowedRoutes"]["kinds"][0]["kind"], "UDPRoute");
  const Json parent = RouteSpec(wish, old, "edge.udp.20001")["parentRefs"][0];
  EXPECT_EQ(parent["group"], "gateway.networking.x-k8s.io");
  EXPECT_EQ(parent["kind"], "XListenerSet");
  EXPECT_EQ(parent["sectionName"], "udp");
}

TEST(GatewayObjectsTest, GrantsTheRouteNoMoreThanItsTarget) {
  EXPECT_EQ(ReferenceGrantSpec(Wish(), kTcp, "berth"), Json::parse(R"({
      "from": [{"group": "gateway.networking.k8s.io", "kind": "TCPRoute", "namespace": "berth"}],
      "to": [{"group": "", "kind": "Service", "name": "web"}]})"));
}

TEST(GatewayObjectsTest, BelievesAControllerThatSaysAllIsWell) {
  EXPECT_TRUE(Seen().Verdict().ok()) << Seen().Verdict();
}

TEST(GatewayObjectsTest, SeesThatTheListenerLostItsPort) {
  Seen seen;
  seen.SetListenerSet({Condition("Accepted", "False", "ListenersNotValid"),
                       Condition("Programmed", "False", "ListenersNotValid")});
  seen.SetListener({Condition("Programmed", "False", "Invalid"),
                    Condition("Conflicted", "True", "ProtocolConflict")});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_PORT_TAKEN) << "whatever the route says";
  EXPECT_THAT(std::string(seen.Verdict().message()), HasSubstr("TCP port 20001"));
  seen.SetListener({Condition("Accepted", "False", "PortUnavailable")});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_PORT_TAKEN);
}

TEST(GatewayObjectsTest, DoesNotBelieveWhatIsSaidOfAnEarlierGeneration) {
  Seen seen;
  seen.SetListener({Condition("Programmed", "True", "Programmed"),
                    Condition("Conflicted", "True", "ProtocolConflict", 2)});
  EXPECT_TRUE(seen.Verdict().ok()) << seen.Verdict();
  seen.SetListener({Condition("Conflicted", "True", "ProtocolConflict", 2)});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
  seen = {};
  seen.SetListener({Condition("Programmed", "True", "Programmed", 2)});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
  seen = {};
  seen.SetListenerSet({Condition("Accepted", "True", "Accepted", 2)});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
  seen = {};
  seen.SetRoute({Condition("Accepted", "True", "Accepted", 2),
                 Condition("ResolvedRefs", "True", "ResolvedRefs", 2)});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
}

TEST(GatewayObjectsTest, WaitsForAControllerThatHasSaidNothing) {
  Seen seen;
  seen.listener_set.erase("status");
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
  seen = {};
  seen.route.erase("status");
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
  seen = {};
  seen.listener_set["status"].erase("listeners");
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED) << "the listener proves it";
}

TEST(GatewayObjectsTest, TakesTheWordForItsOwnListenerAlone) {
  Seen seen;
  seen.route["status"]["parents"][0]["parentRef"]["name"] = "edge.tcp.20002";
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
  seen = {};
  seen.listener_set["status"]["listeners"][0]["name"] = "other";
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
}

TEST(GatewayObjectsTest, TellsAMissingTargetFromAMissingPort) {
  Seen seen;
  seen.SetRoute({Condition("Accepted", "True", "Accepted"),
                 Condition("ResolvedRefs", "False", "BackendNotFound")});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_TARGET_NOT_FOUND);
  seen.SetRoute({Condition("Accepted", "True", "Accepted"),
                 Condition("ResolvedRefs", "False", "PortNotFound")});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND);
}

TEST(GatewayObjectsTest, TellsWhatTimeCuresFromWhatSomebodyHasToChange) {
  Seen seen;
  const auto listener_set_says = [&](const std::string& reason) {
    seen = {};
    seen.SetListenerSet({Condition("Accepted", "False", reason)});
    return seen.WhyNot();
  };
  EXPECT_EQ(listener_set_says("NotAllowed"), Reason::ERROR_REASON_CONTROLLER_REFUSED);
  EXPECT_THAT(std::string(seen.Verdict().message()), HasSubstr("spec.allowedListeners"));
  EXPECT_EQ(listener_set_says("TooManyListeners"), Reason::ERROR_REASON_CONTROLLER_REFUSED);
  EXPECT_EQ(listener_set_says("ParentNotAccepted"), Reason::ERROR_REASON_NOT_PROGRAMMED);
  EXPECT_EQ(listener_set_says("Pending"), Reason::ERROR_REASON_NOT_PROGRAMMED);

  const auto route_says = [&](const std::string& type, const std::string& reason) {
    seen = {};
    seen.SetRoute({Condition(type, "False", reason),
                   Condition(type == "Accepted" ? "ResolvedRefs" : "Accepted", "True", "Fine")});
    return seen.WhyNot();
  };
  EXPECT_EQ(route_says("Accepted", "NoMatchingParent"), Reason::ERROR_REASON_NOT_PROGRAMMED);
  EXPECT_EQ(route_says("ResolvedRefs", "RefNotPermitted"), Reason::ERROR_REASON_NOT_PROGRAMMED);
  EXPECT_EQ(route_says("Accepted", "NotAllowedByListeners"),
            Reason::ERROR_REASON_CONTROLLER_REFUSED);

  seen = {};
  seen.SetListener({Condition("ResolvedRefs", "False", "InvalidRouteKinds")});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_CONTROLLER_REFUSED);
  seen.SetListener({Condition("Programmed", "False", "Pending")});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
  seen.SetListener({Condition("Programmed", "Unknown", "Whatever")});
  EXPECT_EQ(seen.WhyNot(), Reason::ERROR_REASON_NOT_PROGRAMMED);
}

}  // namespace
}  // namespace berth::ingress
