// The driver gateway-api on a real API server; GatewayController stands for the controller.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/kube/gateway_api.h"
#include "common/kube/object.h"
#include "common/pool/labels.h"
#include "common/status/status.h"
#include "ingress-service/domain/rule_status.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/gateway_api.h"
#include "tests/integration/ingress/fake_port_service.h"
#include "tests/integration/ingress/gateway_controller.h"
#include "tests/integration/ingress/replica.h"

namespace berth::ingress {
namespace {

using harness::ApiServer;
using harness::Eventually;
using harness::GatewayApiAge;
using kube::Json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;

const kube::GatewayApi kNewApi{kube::kGateways, kube::kListenerSets, kube::kTcpRoutes,
                               kube::kUdpRoutes, kube::kReferenceGrants};
const kube::GatewayApi kOldApi{
    kube::kGateways,
    kube::Resource{kube::kGatewayTrialGroup, "v1alpha1", "xlistenersets", "XListenerSet"},
    kube::Resource{kube::kGatewayGroup, "v1alpha2", "tcproutes", "TCPRoute"},
    kube::Resource{kube::kGatewayGroup, "v1alpha2", "udproutes", "UDPRoute"},
    kube::Resource{kube::kGatewayGroup, "v1beta1", "referencegrants", "ReferenceGrant"}};

// A namespace of Berth with a pool of a Gateway, one of targets, and a controller.
class World {
 public:
  World(ApiServer& server, const kube::GatewayApi& api)
      : api_(api),
        server_(server),
        client_(server.MakeClient()),
        ns_(server.MakeNamespace()),
        shop_(server.MakeNamespace()),
        port_service_(server.MakeClient(), ns_),
        controller_(server.MakeClient(), ns_, api) {
    Json gateway = kube::NewObject(kube::kGateways, {ns_, "edge"});
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
    EXPECT_TRUE(client_->UpdateStatus(kube::kGateways, gateway).ok());

    Json target = kube::NewObject(kube::kServices, {shop_, "web"});
    target["spec"] = {{"ports", Json::array({{{"name", "http"}, {"port", 80}}})}};
    MustCreate(kube::kServices, target);

    Json pool = kube::NewObject(kube::kPortPools, {ns_, "edge"});
    pool["spec"] = {{"driver", "gateway-api"},
                    {"loadBalancers",
                     Json::array({{{"kind", "Gateway"}, {"namespace", ns_}, {"name", "edge"}}})},
                    {"portRange", {{"first", 1024}, {"last", 65535}}}};
    pool_uid_ = kube::Uid(MustCreate(kube::kPortPools, pool));
  }

  std::unique_ptr<Replica> MakeReplica() {
    return std::make_unique<Replica>(
        server_.config(), ns_, port_service_.address(),
        // Connections would prove nothing here: nothing listens.
        PoolReconciler::Options{.absence_interval = milliseconds(300), .probe = true});
  }

  Json MustCreate(const kube::Resource& resource, const Json& object) {
    absl::StatusOr<Json> created = client_->Create(resource, object);
    EXPECT_TRUE(created.ok()) << created.status();
    return created.value_or(Json::object());
  }

  static std::string NameOf(int port) { return "edge.tcp." + std::to_string(port); }

  // A claim as port-service hands it out.
  WantedRule Claimed(int port) {
    Json claim = kube::NewObject(kube::kPortClaims, {ns_, NameOf(port)});
    claim["spec"] = {{"poolRef", {{"name", "edge"}, {"uid", pool_uid_}}},
                     {"protocol", "TCP"},
                     {"port", port},
                     {"owner", "test"},
                     {"requestId", NameOf(port)},
                     {"ttlSeconds", 600},
                     {"state", "RESERVED"}};
    const Json created = MustCreate(kube::kPortClaims, claim);
    return {.name = *pool::ClaimName::Parse(NameOf(port)),
            .claim_uid = kube::Uid(created),
            .target = {.ns = shop_, .service = "web", .port = pool::Port::Of<80>()}};
  }

  Json Read(const kube::Resource& resource, const kube::ObjectName& name) {
    return client_->Get(resource, name).value_or(Json());
  }
  Json ListenerSet(int port) { return Read(*api_.listener_sets, {ns_, NameOf(port)}); }
  Json Route(int port) { return Read(*api_.tcp_routes, {ns_, NameOf(port)}); }
  Json Grant(int port) {
    return Read(*api_.reference_grants, {shop_, "berth." + ns_ + "." + NameOf(port)});
  }
  std::optional<Rule> RuleOf(int port) {
    return KubeRuleStore(*client_, ns_)
        .Read(*pool::ClaimName::Parse(NameOf(port)))
        .value_or(std::nullopt);
  }
  bool IsProgrammed(int port) {
    const std::optional<Rule> rule = RuleOf(port);
    return rule && StandingOf(*rule).state == RuleState::kProgrammed;
  }
  Reason WhyNot(int port) {
    const std::optional<Rule> rule = RuleOf(port);
    return rule ? StandingOf(*rule).reason : Reason::ERROR_REASON_RULE_NOT_FOUND;
  }

  // Whether the Gateway carries exactly these.
  bool Carries(const std::set<int>& ports) {
    std::set<std::string> names;
    for (const int port : ports) {
      names.insert(NameOf(port));
    }
    return NamesOf(*api_.listener_sets, ns_) == names && NamesOf(*api_.tcp_routes, ns_) == names &&
           NamesOf(*api_.reference_grants, shop_).size() == names.size();
  }
  std::set<std::string> NamesOf(const kube::Resource& resource, const std::string& ns) {
    std::set<std::string> names;
    const auto list =
        client_->List(resource, ns, {.label_selector = std::string(pool::kClaimUidLabel)});
    for (const Json& object : list->items) {
      names.insert(kube::Name(object));
    }
    return names;
  }

  kube::Client& client() { return *client_; }
  GatewayController& controller() { return controller_; }
  const std::string& ns() const { return ns_; }
  const std::string& shop() const { return shop_; }

 private:
  const kube::GatewayApi api_;
  ApiServer& server_;
  const std::unique_ptr<kube::Client> client_;
  const std::string ns_;
  const std::string shop_;
  FakePortService port_service_;
  GatewayController controller_;
  std::string pool_uid_;
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
  for (int step = 1; step <= 7; ++step) {
    for (const LastWrite last : {LastWrite::kLost, LastWrite::kDone}) {
      SCOPED_TRACE(testing::Message()
                   << "step " << step << (last == LastWrite::kDone ? " done" : " lost"));
      const int port = 20000 + 10 * step + (last == LastWrite::kDone ? 1 : 0);
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
    }
  }
}

TEST_F(GatewayApiIntegrationTest, AReplicaMayDieAtAnyWriteOfARemoval) {
  for (int step = 1; step <= 5; ++step) {
    for (const LastWrite last : {LastWrite::kLost, LastWrite::kDone}) {
      SCOPED_TRACE(testing::Message()
                   << "step " << step << (last == LastWrite::kDone ? " done" : " lost"));
      const int port = 21000 + 10 * step + (last == LastWrite::kDone ? 1 : 0);
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
    }
  }
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
