// The driver gateway-api on a real API server; GatewayController stands for the controller.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "common/kube/gateway_api.h"
#include "common/kube/object.h"
#include "common/pool/labels.h"
#include "common/status/status.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/gateway_api.h"
#include "tests/integration/ingress/gateway_controller.h"
#include "tests/integration/ingress/rule_world.h"

namespace berth::ingress {
namespace {

using harness::ApiServer;
using harness::Eventually;
using harness::GatewayApiAge;
using kube::Json;
using std::chrono::seconds;

const kube::GatewayApi kNewApi{kube::kGateways, kube::kListenerSets, kube::kTcpRoutes,
                               kube::kUdpRoutes, kube::kReferenceGrants};
const kube::GatewayApi kOldApi{
    kube::kGateways,
    kube::Resource{kube::kGatewayTrialGroup, "v1alpha1", "xlistenersets", "XListenerSet"},
    kube::Resource{kube::kGatewayGroup, "v1alpha2", "tcproutes", "TCPRoute"},
    kube::Resource{kube::kGatewayGroup, "v1alpha2", "udproutes", "UDPRoute"},
    kube::Resource{kube::kGatewayGroup, "v1beta1", "referencegrants", "ReferenceGrant"}};

// A pool of a Gateway, and a controller.
class World : public RuleWorld {
 public:
  World(ApiServer& server, const kube::GatewayApi& api)
      : RuleWorld(server), api_(api), controller_(server.MakeClient(), ns(), api) {
    Json gateway = kube::NewObject(kube::kGateways, {ns(), "edge"});
    gateway["spec"] = {
        {"gatewayClassName", "test"},
        {"listeners", Json::array({{{"name", "http"}, {"port", 80}, {"protocol", "HTTP"}}})}};
    gateway = MustCreate(kube::kGateways, gateway);
    gateway["status"] = {
        {"addresses", Json::array({{{"type", "IPAddress"}, {"value", "127.0.0.1"}}})},
        {"conditions", Json::array({{{"type", "Programmed"},
                                     {"status", "True"},
                                     {"reason", "Programmed"},
                                     {"message", ""},
                                     {"lastTransitionTime", "2026-01-01T00:00:00Z"}}})}};
    EXPECT_TRUE(client().UpdateStatus(kube::kGateways, gateway).ok());
    MakePool({{"driver", "gateway-api"},
              {"loadBalancers",
               Json::array({{{"kind", "Gateway"}, {"namespace", ns()}, {"name", "edge"}}})}});
  }

  Json ListenerSet(int port) { return Read(*api_.listener_sets, {ns(), NameOf(port)}); }
  Json Route(int port) { return Read(*api_.tcp_routes, {ns(), NameOf(port)}); }
  Json Grant(int port) {
    return Read(*api_.reference_grants, {shop(), "berth." + ns() + "." + NameOf(port)});
  }

  // Whether the Gateway carries exactly these.
  bool Carries(const std::set<int>& ports) {
    std::set<std::string> names;
    for (const int port : ports) {
      names.insert(NameOf(port));
    }
    return NamesOf(*api_.listener_sets, ns()) == names &&
           NamesOf(*api_.tcp_routes, ns()) == names &&
           NamesOf(*api_.reference_grants, shop()).size() == names.size();
  }
  std::set<std::string> NamesOf(const kube::Resource& resource, const std::string& where) {
    std::set<std::string> names;
    const auto list =
        client().List(resource, where, {.label_selector = std::string(pool::kClaimUidLabel)});
    for (const Json& object : list->items) {
      names.insert(kube::Name(object));
    }
    return names;
  }

  GatewayController& controller() { return controller_; }

 private:
  const kube::GatewayApi api_;
  GatewayController controller_;
};

class GatewayApiIntegrationTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const absl::Status applied =
        harness::ApplyGatewayApi(*ApiServer::Shared().MakeClient(), GatewayApiAge::kNew);
    ASSERT_TRUE(applied.ok()) << applied;
  }

  World world_{ApiServer::Shared(), kNewApi};
};

TEST_F(GatewayApiIntegrationTest, ARuleComesWithItsObjectsAndGoesWithThem) {
  const auto replica = world_.MakeReplica();
  world_.controller().Pause();
  const WantedRule wanted = world_.Claimed(20001);
  const auto applied = replica->service().Apply({wanted});
  ASSERT_TRUE(applied[0].ok()) << applied[0].status();
  ASSERT_TRUE(Eventually([&] { return world_.Carries({20001}); }));
  EXPECT_EQ(world_.ListenerSet(20001)["metadata"]["ownerReferences"][0]["uid"],
            world_.RuleOf(20001)->uid);
  EXPECT_EQ(world_.Grant(20001)["spec"]["from"][0]["namespace"], world_.ns());
  EXPECT_EQ(world_.Route(20001)["spec"]["rules"][0]["backendRefs"][0]["namespace"], world_.shop());
  EXPECT_FALSE(world_.IsProgrammed(20001)) << "the controller has not said so";

  world_.controller().Resume();
  EXPECT_TRUE(Eventually([&] { return world_.IsProgrammed(20001); }, seconds(1)))
      << "the status wakes the loop";
  EXPECT_EQ(world_.RuleOf(20001)->status.evidence, "gateway-status");

  ASSERT_TRUE(replica->service().Delete(wanted.name, wanted.claim_uid).ok());
  ASSERT_TRUE(Eventually([&] { return !world_.RuleOf(20001); }));
  EXPECT_TRUE(world_.Carries({}));
}

TEST_F(GatewayApiIntegrationTest, APortThatAnOlderListenerHasIsTakenUntilThatGoes) {
  Json theirs = kube::NewObject(kube::kListenerSets, {world_.ns(), "a-theirs"});
  theirs["spec"] = {
      {"parentRef", {{"name", "edge"}}},
      {"listeners", Json::array({{{"name", "x"}, {"port", 20001}, {"protocol", "TCP"}}})}};
  world_.MustCreate(kube::kListenerSets, theirs);
  const auto replica = world_.MakeReplica();
  ASSERT_TRUE(replica->service().Apply({world_.Claimed(20001)})[0].ok());
  ASSERT_TRUE(Eventually([&] { return world_.WhyNot(20001) == Reason::ERROR_REASON_PORT_TAKEN; }));

  ASSERT_TRUE(world_.client().Delete(kube::kListenerSets, {world_.ns(), "a-theirs"}, {}).ok());
  EXPECT_TRUE(Eventually([&] { return world_.IsProgrammed(20001); }));
}

TEST_F(GatewayApiIntegrationTest, FollowsWhatTheControllerSaysOfTheTarget) {
  const auto replica = world_.MakeReplica();
  ASSERT_TRUE(replica->service().Apply({world_.Claimed(20001)})[0].ok());
  ASSERT_TRUE(Eventually([&] { return world_.IsProgrammed(20001); }));
  for (const auto& [said, reason] :
       {std::pair("BackendNotFound", Reason::ERROR_REASON_TARGET_NOT_FOUND),
        {"PortNotFound", Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND},
        {"RefNotPermitted", Reason::ERROR_REASON_NOT_PROGRAMMED},
        {"InvalidKind", Reason::ERROR_REASON_CONTROLLER_REFUSED}}) {
    world_.controller().SetRouteProblem(said);
    EXPECT_TRUE(Eventually([&] { return world_.WhyNot(20001) == reason; }, seconds(2))) << said;
  }
  world_.controller().SetRouteProblem("");
  EXPECT_TRUE(Eventually([&] { return world_.IsProgrammed(20001); }, seconds(2)));
}

TEST_F(GatewayApiIntegrationTest, RepairsDriftAtOnce) {
  const auto replica = world_.MakeReplica();
  ASSERT_TRUE(replica->service().Apply({world_.Claimed(20001)})[0].ok());
  ASSERT_TRUE(Eventually([&] { return world_.IsProgrammed(20001); }));
  const std::string uid = kube::Uid(world_.ListenerSet(20001));
  ASSERT_TRUE(
      world_.client().Delete(kube::kListenerSets, {world_.ns(), World::NameOf(20001)}, {}).ok());
  EXPECT_TRUE(Eventually(
      [&] {
        const std::string now = kube::Uid(world_.ListenerSet(20001));
        return !now.empty() && now != uid && world_.IsProgrammed(20001);
      },
      seconds(2)));

  const Json elsewhere =
      Json::array({{{"backendRefs", Json::array({{{"name", "elsewhere"}, {"port", 1}}})}}});
  ASSERT_TRUE(world_.client()
                  .Patch(kube::kTcpRoutes, {world_.ns(), World::NameOf(20001)},
                         {{"spec", {{"rules", elsewhere}}}})
                  .ok());
  EXPECT_TRUE(Eventually(
      [&] {
        return world_.Route(20001)["spec"]["rules"][0]["backendRefs"][0]["name"] == "web" &&
               world_.IsProgrammed(20001);
      },
      seconds(2)));
}

TEST_F(GatewayApiIntegrationTest, AReplicaMayDieAtAnyWriteOfARule) {
  std::set<int> programmed;
  AtEachWrite(7, 20000, [&](int port, int step, LastWrite last) {
    const WantedRule wanted = world_.Claimed(port);
    auto dying = world_.MakeReplica();
    dying->transport().DieAt(step, last);
    static_cast<void>(dying->service().Apply({wanted}));
    Eventually([&] { return dying->transport().dead() || world_.IsProgrammed(port); });
    dying.reset();

    const auto other = world_.MakeReplica();
    const auto applied = other->service().Apply({wanted});
    ASSERT_TRUE(applied[0].ok()) << applied[0].status();
    programmed.insert(port);
    ASSERT_TRUE(
        Eventually([&] { return world_.IsProgrammed(port) && world_.Carries(programmed); }));
  });
}

TEST_F(GatewayApiIntegrationTest, AReplicaMayDieAtAnyWriteOfARemoval) {
  AtEachWrite(5, 21000, [&](int port, int step, LastWrite last) {
    const WantedRule wanted = world_.Claimed(port);
    auto dying = world_.MakeReplica();
    ASSERT_TRUE(dying->service().Apply({wanted})[0].ok());
    ASSERT_TRUE(Eventually([&] { return world_.IsProgrammed(port); }));
    dying->transport().DieAt(step, last);
    static_cast<void>(dying->service().Delete(wanted.name, wanted.claim_uid));
    Eventually([&] { return dying->transport().dead() || !world_.RuleOf(port); });
    dying.reset();

    const auto other = world_.MakeReplica();
    static_cast<void>(other->service().Delete(wanted.name, wanted.claim_uid));
    ASSERT_TRUE(Eventually([&] { return !world_.RuleOf(port) && world_.Carries({}); }));
  });
}

TEST_F(GatewayApiIntegrationTest, TwoReplicasAtWorkAgree) {
  const auto a = world_.MakeReplica();
  const auto b = world_.MakeReplica();
  std::vector<WantedRule> wanted;
  for (int i = 0; i < 30; ++i) {
    wanted.push_back(world_.Claimed(22000 + i));
  }
  ApplyAndDeleteEveryOther(*a, *b, wanted);
  std::set<int> left;
  for (int j = 1; j < 30; j += 2) {
    left.insert(22000 + j);
  }
  ASSERT_TRUE(Eventually([&] { return world_.Carries(left); }));
  for (const int port : left) {
    EXPECT_TRUE(Eventually([&] { return world_.IsProgrammed(port); })) << port;
  }
}

TEST(GatewayApiVersionsIntegrationTest, WritesTheVersionsThatAreServed) {
  const auto server = ApiServer::Start({});
  ASSERT_TRUE(server.ok()) << server.status();
  const absl::Status applied =
      harness::ApplyGatewayApi(*(*server)->MakeClient(), GatewayApiAge::kOld);
  ASSERT_TRUE(applied.ok()) << applied;
  World world(**server, kOldApi);
  const auto replica = world.MakeReplica();
  const WantedRule wanted = world.Claimed(20001);
  ASSERT_TRUE(replica->service().Apply({wanted})[0].ok());
  ASSERT_TRUE(Eventually([&] { return world.IsProgrammed(20001); }));
  EXPECT_EQ(world.ListenerSet(20001)["kind"], "XListenerSet");
  EXPECT_EQ(world.Route(20001)["apiVersion"], "gateway.networking.k8s.io/v1alpha2");
  ASSERT_TRUE(replica->service().Delete(wanted.name, wanted.claim_uid).ok());
  EXPECT_TRUE(Eventually([&] { return world.Carries({}); }));
}

}  // namespace
}  // namespace berth::ingress
