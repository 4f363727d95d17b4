// Pools on Gateways, as port-service sees them on a real API server; the test is the controller.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "common/grpc/channel.h"
#include "common/kube/gateway_api.h"
#include "common/kube/object.h"
#include "common/pool/labels.h"
#include "common/status/status.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/gateway_api.h"
#include "tests/integration/port/port_harness.h"

namespace berth::port {
namespace {

using harness::ApiServer;
using harness::Eventually;
using harness::GatewayApiAge;
using kube::Json;
using testing::HasSubstr;
using testing::SizeIs;

constexpr kube::Resource kXListenerSets{kube::kGatewayTrialGroup, "v1alpha1", "xlistenersets",
                                        "XListenerSet"};

// One TCP listener for the Gateway "edge".
Json ListenerSet(const kube::Resource& resource, const std::string& ns, const std::string& name,
                 int port) {
  Json object = kube::NewObject(resource, {ns, name});
  object["spec"] = {
      {"parentRef", {{"group", kube::kGatewayGroup}, {"kind", "Gateway"}, {"name", "edge"}}},
      {"listeners", Json::array({{{"name", "tcp"}, {"port", port}, {"protocol", "TCP"}}})}};
  return object;
}

bool IsReady(Replica& replica, const std::string& name = "edge") {
  const auto pool = GetPool(replica.stub(), name);
  return pool.ok() && pool->ready();
}

Reason ClaimReason(Replica& replica, const v1::ClaimRequest& request) {
  return ReasonOf(CallClaim(replica.stub(), request).status());
}

class GatewaysIntegrationTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const auto client = ApiServer::Shared().MakeClient();
    const absl::Status applied = harness::ApplyGatewayApi(*client, GatewayApiAge::kNew);
    ASSERT_TRUE(applied.ok()) << applied;
  }

  std::unique_ptr<Replica> MakeReplica() {
    return std::make_unique<Replica>(ApiServer::Shared().MakeClient(),
                                     PortEngine::Options{.ns = ns_.name()});
  }

  int HeldByOthers(Replica& replica) {
    return GetPool(replica.stub(), "edge")->usage(0).held_by_others();
  }

  void MustCreate(const kube::Resource& resource, const Json& object) {
    const auto created = ns_.client().Create(resource, object);
    ASSERT_TRUE(created.ok()) << created.status();
  }

  PortNamespace ns_;
};

TEST_F(GatewaysIntegrationTest, FollowsTheAddressAndTheConditionOfTheGateway) {
  ns_.MakeGatewayPool("edge", "edge");
  const auto replica = MakeReplica();
  ASSERT_TRUE(Eventually([&] {
    return GetPool(replica->stub(), "edge")->not_ready_message().find("does not exist") !=
           std::string::npos;
  }));
  ns_.MakeGateway("edge", "10.3.0.1");
  ASSERT_TRUE(Eventually([&] { return ns_.ReadyOf("edge") == "True/LoadBalancerReady"; }));
  const v1::PortClaim claim = MustClaim(replica->stub(), ClaimFor("request-1"));
  EXPECT_EQ(claim.addresses(0).ip(), "10.3.0.1");

  ns_.SetGatewayStatus("edge", {{"conditions", Json::array({{{"type", "Programmed"},
                                                             {"status", "False"},
                                                             {"reason", "NoResources"},
                                                             {"message", "no proxy"}}})}});
  ASSERT_TRUE(Eventually([&] { return !IsReady(*replica); }));
  EXPECT_THAT(GetPool(replica->stub(), "edge")->not_ready_message(), HasSubstr("NoResources"));
  EXPECT_EQ(ClaimReason(*replica, ClaimFor("request-2")), Reason::ERROR_REASON_POOL_NOT_READY);

  const std::string uid =
      kube::StringAt(ns_.Get(kube::kPortPools, "edge")["status"]["loadBalancers"][0], {"uid"});
  ns_.Delete(kube::kGateways, "edge");
  ns_.MakeGateway("edge", "10.3.0.2");
  ASSERT_TRUE(Eventually([&] {
    const Json pool = ns_.Get(kube::kPortPools, "edge");
    return ns_.ReadyOf("edge") == "True/LoadBalancerReady" &&
           kube::StringAt(pool["status"]["loadBalancers"][0], {"uid"}) != uid;
  })) << "a Gateway made anew is another one";
  EXPECT_EQ(MustClaim(replica->stub(), ClaimFor("request-1")).uid(), claim.uid())
      << "what was handed out stays";
}

TEST_F(GatewaysIntegrationTest, SeesPortsOfOthersWithinASecond) {
  ns_.MakeGateway("edge", "10.3.1.1");
  ns_.MakeGatewayPool("edge", "edge");
  const auto replica = MakeReplica();
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  EXPECT_EQ(HeldByOthers(*replica), 0);

  ns_.Change(kube::kGateways, "edge", [](Json& gateway) {
    gateway["spec"]["listeners"].push_back({{"name", "tls"}, {"port", 20001}, {"protocol", "TLS"}});
  });
  EXPECT_TRUE(Eventually([&] { return HeldByOthers(*replica) == 1; }, std::chrono::seconds(1)));
  EXPECT_EQ(ClaimReason(*replica, ClaimFor("request-1", 20001)), Reason::ERROR_REASON_PORT_TAKEN);

  MustCreate(kube::kListenerSets, ListenerSet(kube::kListenerSets, ns_.name(), "theirs", 20002));
  EXPECT_TRUE(Eventually([&] { return HeldByOthers(*replica) == 2; }, std::chrono::seconds(1)));
  EXPECT_EQ(ClaimReason(*replica, ClaimFor("request-2", 20002)), Reason::ERROR_REASON_PORT_TAKEN);

  // A Gateway does not let everybody in: one that is turned away holds nothing.
  const auto patched =
      ns_.client().Patch(kube::kListenerSets, {ns_.name(), "theirs"},
                         {{"status",
                           {{"conditions", Json::array({{{"type", "Accepted"},
                                                         {"status", "False"},
                                                         {"reason", "NotAllowed"},
                                                         {"observedGeneration", 1}}})}}}},
                         {.subresource = "status"});
  ASSERT_TRUE(patched.ok()) << patched.status();
  EXPECT_TRUE(Eventually([&] { return HeldByOthers(*replica) == 1; }));
  MustClaim(replica->stub(), ClaimFor("request-2", 20002));
}

TEST_F(GatewaysIntegrationTest, OpensWithAClaimForEachListenerThatIsItsOwn) {
  ns_.MakeGateway("edge", "10.3.2.1");
  Json own = ListenerSet(kube::kListenerSets, ns_.name(), "edge.tcp.20003", 20003);
  kube::SetLabel(own, pool::kClaimUidLabel, "lost");
  MustCreate(kube::kListenerSets, own);
  ns_.MakeGatewayPool("edge", "edge");
  const auto replica = MakeReplica();
  ASSERT_TRUE(Eventually([&] { return ns_.StateOf("edge.tcp.20003") == "BOUND"; }));
  EXPECT_EQ(HeldByOthers(*replica), 0);
}

TEST_F(GatewaysIntegrationTest, StopsPoolsThatShareAnAddress) {
  ns_.MakeLoadBalancer("controller", "10.3.3.1");
  ns_.MakePool({.name = "nginx"});
  ns_.MakeGateway("edge", "10.3.3.1");
  ns_.MakeGatewayPool("edge", "edge");
  const auto replica = MakeReplica();
  ASSERT_TRUE(Eventually([&] {
    return ns_.ReadyOf("edge") == "False/PoolsOverlap" &&
           ns_.ReadyOf("nginx") == "False/PoolsOverlap";
  }));
}

TEST_F(GatewaysIntegrationTest, ProposesAPoolForAGatewayAndMakesIt) {
  ns_.MakeGateway("edge", "10.3.4.1");
  ns_.MakeLoadBalancer("envoy", "10.3.4.1");
  const auto replica = MakeReplica();
  const auto discover = [&] {
    v1::DiscoverPoolsRequest request;
    request.set_namespace_(ns_.name());
    return rpc::Call(replica->stub(), &v1::PortService::StubInterface::DiscoverPools, request);
  };
  const auto found = discover();
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->proposals(), SizeIs(1)) << "the Service belongs to the Gateway";
  const v1::PoolProposal& proposal = found->proposals(0);
  EXPECT_EQ(proposal.driver(), "gateway-api");
  EXPECT_EQ(proposal.controller(), "GatewayClass test");
  EXPECT_EQ(proposal.load_balancers(0).kind(), "Gateway");
  EXPECT_EQ(proposal.problem(), "");

  v1::CreatePoolRequest request;
  v1::PortPool& pool = *request.mutable_pool();
  pool.set_name(proposal.name());
  pool.set_driver(proposal.driver());
  *pool.add_load_balancers() = proposal.load_balancers(0);
  pool.set_first_port(20000);
  pool.set_last_port(20009);
  const auto created =
      rpc::Call(replica->stub(), &v1::PortService::StubInterface::CreatePool, request);
  ASSERT_TRUE(created.ok()) << Describe(created.status());
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica, proposal.name()); }));

  ns_.Change(kube::kGateways, "edge",
             [](Json& gateway) { gateway["spec"].erase("allowedListeners"); });
  ns_.Delete(kube::kPortPools, proposal.name());
  ASSERT_TRUE(Eventually(
      [&] { return discover()->proposals(0).problem().find("admits no") != std::string::npos; }));
}

// The definitions come and grow old while the service runs.
TEST(GatewayApiIntegrationTest, WaitsForTheGatewayApiAndReadsItsOlderVersions) {
  const auto server = ApiServer::Start({});
  ASSERT_TRUE(server.ok()) << server.status();
  PortNamespace ns(**server);
  ns.MakeLoadBalancer("controller", "10.3.5.1");
  ns.MakePool({.name = "nginx"});
  ns.MakeGatewayPool("edge", "edge");
  Replica replica((*server)->MakeClient(), PortEngine::Options{.ns = ns.name()});
  ASSERT_TRUE(Eventually([&] { return IsReady(replica, "nginx"); }));
  ASSERT_TRUE(Eventually([&] {
    return GetPool(replica.stub(), "edge")->not_ready_message().find("does not serve") !=
           std::string::npos;
  }));

  const absl::Status applied = harness::ApplyGatewayApi(ns.client(), GatewayApiAge::kOld);
  ASSERT_TRUE(applied.ok()) << applied;
  ns.MakeGateway("edge", "10.3.5.2");
  const auto created =
      ns.client().Create(kXListenerSets, ListenerSet(kXListenerSets, ns.name(), "theirs", 20002));
  ASSERT_TRUE(created.ok()) << created.status();
  ASSERT_TRUE(Eventually([&] { return IsReady(replica, "edge"); }));
  ASSERT_TRUE(
      Eventually([&] { return GetPool(replica.stub(), "edge")->usage(0).held_by_others() == 1; }));
}

}  // namespace
}  // namespace berth::port
