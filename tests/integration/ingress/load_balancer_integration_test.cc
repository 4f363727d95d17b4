// The driver loadbalancer on a real API server; the test gives Services their addresses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "common/kube/object.h"
#include "common/pool/labels.h"
#include "common/status/status.h"
#include "ingress-service/domain/load_balancer_service.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/ingress/rule_world.h"

namespace berth::ingress {
namespace {

using harness::ApiServer;
using harness::Eventually;
using kube::Json;
using std::chrono::seconds;

constexpr char kAddress[] = "10.9.0.1";

// A pool that shares the address of the Service "anchor".
class World : public RuleWorld {
 public:
  explicit World(ApiServer& server) : RuleWorld(server) {
    Json anchor = kube::NewObject(kube::kServices, {ns(), "anchor"});
    kube::SetAnnotation(anchor, "metallb.io/allow-shared-ip", "edge");
    anchor["spec"] = {{"type", "LoadBalancer"}, {"ports", Json::array({{{"port", 9}}})}};
    MustCreate(kube::kServices, anchor);
    Assign({ns(), "anchor"}, kAddress);
    MakePool({{"driver", "loadbalancer"},
              {"loadBalancers",
               Json::array({{{"kind", "Service"}, {"namespace", ns()}, {"name", "anchor"}}})},
              {"loadbalancer", {{"implementation", "MetalLB"}, {"sharingKey", "edge"}}}});
  }

  kube::ObjectName ServiceOf(int port) const {
    return {shop(), ServiceName(*pool::ClaimName::Parse(NameOf(port)), ns())};
  }
  Json Service(int port) { return Read(kube::kServices, ServiceOf(port)); }

  void Assign(const kube::ObjectName& name, const std::string& ip) {
    Json service = Read(kube::kServices, name);
    service["status"]["loadBalancer"]["ingress"] = Json::array({{{"ip", ip}}});
    EXPECT_TRUE(client().UpdateStatus(kube::kServices, service).ok());
  }
  // Waits for the rule's Service first.
  void Serve(int port) {
    ASSERT_TRUE(Eventually([&] { return !Service(port).is_null(); }));
    Assign(ServiceOf(port), kAddress);
    ASSERT_TRUE(Eventually([&] { return IsProgrammed(port); }));
  }

  // Whether the rules' Services are exactly these.
  bool Carries(const std::set<int>& ports) {
    std::set<std::string> names;
    for (const int port : ports) {
      names.insert(ServiceOf(port).name);
    }
    std::set<std::string> present;
    const auto list = client().List(kube::kServices, shop(),
                                    {.label_selector = std::string(pool::kClaimUidLabel)});
    for (const Json& object : list->items) {
      present.insert(kube::Name(object));
    }
    return present == names;
  }
};

class LoadBalancerIntegrationTest : public testing::Test {
 protected:
  World world_{ApiServer::Shared()};
};

TEST_F(LoadBalancerIntegrationTest, ARuleComesWithItsServiceAndGoesWithIt) {
  const auto replica = world_.MakeReplica();
  WantedRule wanted = world_.Claimed(20001);
  wanted.options.source_ranges = {*SourceRange::Parse("10.0.0.0/8")};
  const auto applied = replica->service().Apply({wanted});
  ASSERT_TRUE(applied[0].ok()) << applied[0].status();
  ASSERT_TRUE(Eventually([&] { return world_.Carries({20001}); }));
  const Json service = world_.Service(20001);
  EXPECT_EQ(kube::Annotation(service, "metallb.io/loadBalancerIPs"), kAddress);
  EXPECT_EQ(kube::Label(service, "berth.dev/claim-uid"), wanted.claim_uid);
  EXPECT_EQ(service["spec"]["selector"], (Json{{"app", "web"}}));
  EXPECT_EQ(service["spec"]["loadBalancerSourceRanges"], Json::array({"10.0.0.0/8"}));
  EXPECT_FALSE(service["spec"]["ports"][0].contains("nodePort"));
  ASSERT_TRUE(
      Eventually([&] { return world_.WhyNot(20001) == Reason::ERROR_REASON_NOT_PROGRAMMED; }));

  world_.Assign(world_.ServiceOf(20001), kAddress);
  EXPECT_TRUE(Eventually([&] { return world_.IsProgrammed(20001); }, seconds(2)))
      << "the status wakes the loop";
  EXPECT_EQ(world_.RuleOf(20001)->status.evidence, "service-status");

  ASSERT_TRUE(replica->service().Delete(wanted.name, wanted.claim_uid).ok());
  ASSERT_TRUE(Eventually([&] { return !world_.RuleOf(20001); }));
  EXPECT_TRUE(world_.Carries({}));
}

TEST_F(LoadBalancerIntegrationTest, IsQuietOnceAllIsAsItShouldBe) {
  const auto replica = world_.MakeReplica();
  ASSERT_TRUE(replica->service().Apply({world_.Claimed(20001)})[0].ok());
  world_.Serve(20001);
  const std::string version = kube::ResourceVersion(world_.Service(20001));
  // Another rule makes for more passes.
  ASSERT_TRUE(replica->service().Apply({world_.Claimed(20002)})[0].ok());
  world_.Serve(20002);
  EXPECT_EQ(kube::ResourceVersion(world_.Service(20001)), version)
      << "what the API server fills in is left to it";
}

TEST_F(LoadBalancerIntegrationTest, FollowsThePodsAndThePortOfItsTarget) {
  const auto replica = world_.MakeReplica();
  ASSERT_TRUE(replica->service().Apply({world_.Claimed(20001)})[0].ok());
  world_.Serve(20001);
  const auto change = [&](const Json& spec) {
    ASSERT_TRUE(
        world_.client().Patch(kube::kServices, {world_.shop(), "web"}, {{"spec", spec}}).ok());
  };
  change({{"selector", {{"app", "web"}, {"color", "blue"}}}});
  EXPECT_TRUE(Eventually(
      [&] { return world_.Service(20001)["spec"]["selector"].value("color", "") == "blue"; },
      seconds(2)));
  change({{"selector", {{"color", nullptr}}},
          {"ports", Json::array({{{"name", "http"}, {"port", 80}, {"targetPort", "web"}}})}});
  EXPECT_TRUE(Eventually(
      [&] {
        const Json spec = world_.Service(20001)["spec"];
        return spec["selector"] == Json{{"app", "web"}} && spec["ports"][0]["targetPort"] == "web";
      },
      seconds(2)));
  EXPECT_TRUE(world_.IsProgrammed(20001));
  change({{"selector", nullptr}});
  EXPECT_TRUE(Eventually(
      [&] { return world_.WhyNot(20001) == Reason::ERROR_REASON_TARGET_WITHOUT_SELECTOR; },
      seconds(2)));
}

TEST_F(LoadBalancerIntegrationTest, RepairsDriftAtOnce) {
  const auto replica = world_.MakeReplica();
  ASSERT_TRUE(replica->service().Apply({world_.Claimed(20001)})[0].ok());
  world_.Serve(20001);
  ASSERT_TRUE(world_.client()
                  .Patch(kube::kServices, world_.ServiceOf(20001),
                         {{"spec", {{"selector", {{"app", "elsewhere"}}}}}})
                  .ok());
  EXPECT_TRUE(Eventually([&] { return world_.Service(20001)["spec"]["selector"]["app"] == "web"; },
                         seconds(2)));
  ASSERT_TRUE(world_.client().Delete(kube::kServices, world_.ServiceOf(20001), {}).ok());
  EXPECT_TRUE(Eventually([&] { return world_.Carries({20001}); }, seconds(2)));
  EXPECT_TRUE(Eventually([&] { return !world_.IsProgrammed(20001); }, seconds(2)))
      << "the new one has no address";
}

TEST_F(LoadBalancerIntegrationTest, LeavesAServiceOfSomebodyElseAlone) {
  Json theirs = kube::NewObject(kube::kServices, world_.ServiceOf(20001));
  theirs["spec"] = {{"ports", Json::array({{{"port", 1}}})}};
  world_.MustCreate(kube::kServices, theirs);
  const auto replica = world_.MakeReplica();
  const WantedRule wanted = world_.Claimed(20001);
  ASSERT_TRUE(replica->service().Apply({wanted})[0].ok());
  ASSERT_TRUE(Eventually([&] { return world_.WhyNot(20001) == Reason::ERROR_REASON_PORT_TAKEN; }));
  ASSERT_TRUE(replica->service().Delete(wanted.name, wanted.claim_uid).ok());
  ASSERT_TRUE(Eventually([&] { return !world_.RuleOf(20001); }));
  EXPECT_EQ(world_.Service(20001)["spec"]["ports"][0]["port"], 1);
}

TEST_F(LoadBalancerIntegrationTest, AReplicaMayDieAtAnyWriteOfARule) {
  std::set<int> written;
  AtEachWrite(5, 20000, [&](int port, int step, LastWrite last) {
    const WantedRule wanted = world_.Claimed(port);
    auto dying = world_.MakeReplica();
    dying->transport().DieAt(step, last);
    static_cast<void>(dying->service().Apply({wanted}));
    // The fifth write is that of the status, after the Service.
    Eventually([&] {
      return dying->transport().dead() ||
             world_.WhyNot(port) == Reason::ERROR_REASON_NOT_PROGRAMMED;
    });
    dying.reset();

    const auto other = world_.MakeReplica();
    const auto applied = other->service().Apply({wanted});
    ASSERT_TRUE(applied[0].ok()) << applied[0].status();
    world_.Serve(port);
    written.insert(port);
    ASSERT_TRUE(Eventually([&] { return world_.Carries(written); }));
  });
}

TEST_F(LoadBalancerIntegrationTest, AReplicaMayDieAtAnyWriteOfARemoval) {
  AtEachWrite(3, 21000, [&](int port, int step, LastWrite last) {
    const WantedRule wanted = world_.Claimed(port);
    auto dying = world_.MakeReplica();
    ASSERT_TRUE(dying->service().Apply({wanted})[0].ok());
    world_.Serve(port);
    dying->transport().DieAt(step, last);
    static_cast<void>(dying->service().Delete(wanted.name, wanted.claim_uid));
    Eventually([&] { return dying->transport().dead() || !world_.RuleOf(port); });
    dying.reset();

    const auto other = world_.MakeReplica();
    static_cast<void>(other->service().Delete(wanted.name, wanted.claim_uid));
    ASSERT_TRUE(Eventually([&] { return !world_.RuleOf(port) && world_.Carries({}); }));
  });
}

TEST_F(LoadBalancerIntegrationTest, TwoReplicasAtWorkAgree) {
  const auto a = world_.MakeReplica();
  const auto b = world_.MakeReplica();
  std::vector<WantedRule> wanted;
  std::set<int> left;
  for (int i = 0; i < 30; ++i) {
    wanted.push_back(world_.Claimed(22000 + i));
    if (i % 2 == 1) {
      left.insert(22000 + i);
    }
  }
  ApplyAndDeleteEveryOther(*a, *b, wanted);
  ASSERT_TRUE(Eventually([&] { return world_.Carries(left); }));
}

}  // namespace
}  // namespace berth::ingress
