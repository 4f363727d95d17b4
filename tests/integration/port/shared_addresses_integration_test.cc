// Pools of an address that Services share, as port-service sees them on a real API server; the test
// gives Services their addresses.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "common/grpc/channel.h"
#include "common/kube/object.h"
#include "common/pool/labels.h"
#include "common/status/status.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/port/port_harness.h"

namespace berth::port {
namespace {

using harness::ApiServer;
using harness::Eventually;
using kube::Json;
using testing::HasSubstr;
using testing::SizeIs;

constexpr char kSharingKey[] = "metallb.io/allow-shared-ip";

class SharedAddressesIntegrationTest : public testing::Test {
 protected:
  // The Service "controller" owns the address.
  v1::PortPool SharedPool() {
    v1::PortPool pool;
    pool.set_name("edge");
    pool.set_driver("loadbalancer");
    v1::LoadBalancer& load_balancer = *pool.add_load_balancers();
    load_balancer.set_kind("Service");
    load_balancer.set_namespace_(ns_.name());
    load_balancer.set_name("controller");
    pool.set_first_port(20000);
    pool.set_last_port(20009);
    pool.mutable_loadbalancer()->set_implementation(
        v1::LoadBalancerSettings::IMPLEMENTATION_METALLB);
    pool.mutable_loadbalancer()->set_sharing_key("edge");
    return pool;
  }

  void CreatePool() {
    v1::CreatePoolRequest request;
    *request.mutable_pool() = SharedPool();
    const auto created =
        rpc::Call(replica_.stub(), &v1::PortService::StubInterface::CreatePool, request);
    ASSERT_TRUE(created.ok()) << created.status();
    EXPECT_EQ(created->pool().loadbalancer().sharing_key(), "edge");
  }

  // Makes the Service "controller" share its address.
  void Share() {
    ns_.Change(kube::kServices, "controller",
               [](Json& service) { kube::SetAnnotation(service, kSharingKey, "edge"); });
  }

  // A Service in another namespace, with a port on an address.
  void MakeServiceOn(const std::string& address, const std::string& name, int port,
                     const Json& labels) {
    Json service = kube::NewObject(kube::kServices, {elsewhere_, name});
    service["metadata"]["labels"] = labels;
    service["spec"] = {{"type", "LoadBalancer"}, {"ports", Json::array({{{"port", port}}})}};
    ASSERT_TRUE(ns_.client().Create(kube::kServices, service).ok());
    const Json ingress = Json::array({{{"ip", address}}});
    const auto patched = ns_.client().Patch(
        kube::kServices, {elsewhere_, name},
        {{"status", {{"loadBalancer", {{"ingress", ingress}}}}}}, {.subresource = "status"});
    ASSERT_TRUE(patched.ok()) << patched.status();
  }

  std::string NotReadyMessage() {
    const auto pool = GetPool(replica_.stub(), "edge");
    return pool.ok() ? pool->not_ready_message() : "";
  }
  bool IsReady() {
    const auto pool = GetPool(replica_.stub(), "edge");
    return pool.ok() && pool->ready();
  }
  int HeldByOthers() { return GetPool(replica_.stub(), "edge")->usage(0).held_by_others(); }
  Reason ClaimReason(int port) {
    return ReasonOf(
        CallClaim(replica_.stub(), ClaimFor("request-" + std::to_string(port), port)).status());
  }

  PortNamespace ns_;
  const std::string elsewhere_ = ApiServer::Shared().MakeNamespace();
  Replica replica_{ApiServer::Shared().MakeClient(), PortEngine::Options{.ns = ns_.name()}};
};

TEST_F(SharedAddressesIntegrationTest, SaysWhatItsServiceLacksToShareItsAddress) {
  ns_.MakeLoadBalancer("controller", "10.4.0.1");
  CreatePool();
  ASSERT_TRUE(Eventually([&] {
    return NotReadyMessage().find(std::string(kSharingKey) + "=edge") != std::string::npos;
  })) << NotReadyMessage();
  Share();
  ASSERT_TRUE(Eventually([&] { return IsReady(); }));
  EXPECT_EQ(MustClaim(replica_.stub(), ClaimFor("request-1")).addresses(0).ip(), "10.4.0.1");
}

TEST_F(SharedAddressesIntegrationTest, HandsOutNoPortOfAServiceOnItsAddress) {
  ns_.MakeLoadBalancer("controller", "10.4.1.1");
  Share();
  MakeServiceOn("10.4.1.1", "theirs", 20001, Json::object());
  MakeServiceOn("10.4.1.1", "of-a-rule", 20002, {{pool::kClaimUidLabel, "claim"}});
  MakeServiceOn("10.4.1.2", "elsewhere", 20003, Json::object());
  CreatePool();
  ASSERT_TRUE(Eventually([&] { return IsReady(); }));
  EXPECT_EQ(ClaimReason(20001), Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_EQ(ClaimReason(20002), Reason::ERROR_REASON_PORT_TAKEN) << "its claim is gone, not it";
  EXPECT_EQ(MustClaim(replica_.stub(), ClaimFor("request-3", 20003)).port(), 20003);
  EXPECT_EQ(HeldByOthers(), 2);

  MakeServiceOn("10.4.1.1", "later", 20004, Json::object());
  ASSERT_TRUE(Eventually([&] { return HeldByOthers() == 3; }));
  EXPECT_EQ(ClaimReason(20004), Reason::ERROR_REASON_PORT_TAKEN);
  ASSERT_TRUE(ns_.client().Delete(kube::kServices, {elsewhere_, "of-a-rule"}, {}).ok());
  ASSERT_TRUE(Eventually([&] { return HeldByOthers() == 2; }));
  EXPECT_EQ(MustClaim(replica_.stub(), ClaimFor("request-2", 20002)).port(), 20002);
}

TEST_F(SharedAddressesIntegrationTest, RefusesWaysOfSharingThatDoNotWorkFromAnybody) {
  const auto create = [&](const Json& settings) {
    Json pool = kube::NewObject(kube::kPortPools, {ns_.name(), "by-hand"});
    pool["spec"] = {
        {"driver", "loadbalancer"},
        {"portRange", {{"first", 20000}, {"last", 20009}}},
        {"loadBalancers",
         Json::array({{{"kind", "Service"}, {"namespace", ns_.name()}, {"name", "controller"}}})}};
    if (!settings.is_null()) {
      pool["spec"]["loadbalancer"] = settings;
    }
    return ns_.client().Create(kube::kPortPools, pool).status();
  };
  for (const Json& settings : {Json(), Json::object(), Json{{"implementation", "MetalLB"}},
                               Json{{"implementation", "KubeVip"}, {"sharingKey", "edge"}},
                               Json{{"implementation", "Cilium"},
                                    {"sharingKey", "edge"},
                                    {"externalTrafficPolicy", "Local"}}}) {
    EXPECT_EQ(ReasonOf(create(settings)), Reason::ERROR_REASON_KUBERNETES_INVALID) << settings;
  }
  const absl::Status created =
      create({{"implementation", "KubeVip"}, {"externalTrafficPolicy", "Local"}});
  EXPECT_TRUE(created.ok()) << created;
}

TEST_F(SharedAddressesIntegrationTest, ProposesNoPoolOfARulesService) {
  MakeServiceOn("10.4.2.1", "of-a-rule", 20001, {{pool::kClaimUidLabel, "claim"}});
  MakeServiceOn("10.4.2.2", "theirs", 20002, Json::object());
  v1::DiscoverPoolsRequest request;
  request.set_namespace_(elsewhere_);
  const auto found =
      rpc::Call(replica_.stub(), &v1::PortService::StubInterface::DiscoverPools, request);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(found->proposals(), SizeIs(1));
  EXPECT_EQ(found->proposals(0).load_balancers(0).name(), "theirs");
}

}  // namespace
}  // namespace berth::port
