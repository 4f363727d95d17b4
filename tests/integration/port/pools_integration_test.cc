// Pools, their load balancers and their end, as port-service sees them on a real API server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/grpc/channel.h"
#include "common/kube/crd_check.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/status.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/port/port_harness.h"

namespace berth::port {
namespace {

using harness::ApiServer;
using harness::Eventually;
using kube::Json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class PoolsIntegrationTest : public testing::Test {
 protected:
  std::unique_ptr<Replica> MakeReplica(
      std::chrono::milliseconds repair_interval = std::chrono::seconds(30)) {
    return std::make_unique<Replica>(
        ApiServer::Shared().MakeClient(),
        PortEngine::Options{.ns = ns_.name(), .repair_interval = repair_interval});
  }

  /// A load balancer "controller" labelled app=ingress-nginx, with such a controller behind it.
  void MakeLabelledController() {
    ns_.MakeLoadBalancer("controller", "10.0.0.1");
    const Json labels = {{"app", "ingress-nginx"}};
    ns_.Change(kube::kServices, "controller", [&](Json& service) {
      service["metadata"]["labels"] = labels;
      service["spec"]["selector"] = labels;
    });
    Json deployment = kube::NewObject(kube::kDeployments, {ns_.name(), "nginx"});
    deployment["spec"] = {
        {"selector", {{"matchLabels", labels}}},
        {"template",
         {{"metadata", {{"labels", labels}}},
          {"spec",
           {{"containers",
             Json::array(
                 {{{"name", "controller"},
                   {"image", "controller"},
                   {"args",
                    {"/controller", "--tcp-services-configmap=$(POD_NAMESPACE)/tcp",
                     "--udp-services-configmap=$(POD_NAMESPACE)/udp"}},
                   {"env", Json::array({{{"name", "POD_NAMESPACE"},
                                         {"valueFrom",
                                          {{"fieldRef",
                                            {{"fieldPath", "metadata.namespace"}}}}}}})}}})}}}}}};
    ASSERT_TRUE(ns_.client().Create(kube::kDeployments, deployment).ok());
  }

  static bool IsReady(Replica& replica, const std::string& name = "edge") {
    const auto pool = GetPool(replica.stub(), name);
    return pool.ok() && pool->ready();
  }

  static Reason ClaimReason(Replica& replica, const v1::ClaimRequest& request) {
    return ReasonOf(CallClaim(replica.stub(), request).status());
  }

  void RemoveFinalizers(const kube::Resource& resource, const std::string& name) {
    ns_.Change(resource, name, [](Json& object) { object["metadata"].erase("finalizers"); });
  }

  PortNamespace ns_;
};

TEST_F(PoolsIntegrationTest, TellsWhatAPoolIs) {
  ns_.MakeLoadBalancer("controller", "10.0.0.1");
  ns_.MakePool({});
  ns_.Change(kube::kPortPools, "edge", [](Json& pool) {
    pool["spec"]["reservedPorts"] = {20005, 30000};
    pool["spec"]["publishedAddresses"] = Json::array({{{"hostname", "edge.example.com"}}});
  });
  const auto replica = MakeReplica();
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  MustClaim(replica->stub(), ClaimFor("request-1"));
  ASSERT_TRUE(Eventually([&] { return GetPool(replica->stub(), "edge")->usage(0).used() == 1; }));
  const auto pool = GetPool(replica->stub(), "edge");
  EXPECT_EQ(pool->uid(), kube::Uid(ns_.Get(kube::kPortPools, "edge")));
  EXPECT_EQ(pool->driver(), "configmap");
  ASSERT_THAT(pool->load_balancers(), SizeIs(1));
  EXPECT_EQ(pool->load_balancers(0).addresses(0).ip(), "10.0.0.1");
  ASSERT_THAT(pool->addresses(), SizeIs(1));
  EXPECT_EQ(pool->addresses(0).hostname(), "edge.example.com");
  EXPECT_THAT(pool->reserved_ports(), testing::ElementsAre(20005));
  EXPECT_EQ(pool->usage(0).total(), 299);
  EXPECT_EQ(pool->usage(0).free(), 298);
  EXPECT_EQ(pool->usage(1).free(), 299);

  ASSERT_TRUE(Eventually([&] { return ns_.ReadyOf("edge") == "True/LoadBalancerReady"; }));
  const Json stored = ns_.Get(kube::kPortPools, "edge");
  EXPECT_TRUE(kube::HasFinalizer(stored, "berth.dev/pool"));
  EXPECT_EQ(kube::StringAt(stored["status"]["addresses"][0], {"hostname"}), "edge.example.com");
  EXPECT_EQ(kube::StringAt(stored["status"]["loadBalancers"][0], {"name"}), "controller");
  EXPECT_EQ(kube::IntAt(stored, {"status", "observedGeneration"}), kube::Generation(stored));
  EXPECT_EQ(ReasonOf(GetPool(replica->stub(), "nowhere").status()),
            Reason::ERROR_REASON_POOL_NOT_FOUND);
}

TEST_F(PoolsIntegrationTest, FindsLoadBalancersThatPoolsCouldBeMadeOf) {
  ns_.MakeLoadBalancer("other", "10.0.0.2");
  MakeLabelledController();
  const auto replica = MakeReplica();
  const auto discover = [&](const std::string& selector) {
    v1::DiscoverPoolsRequest request;
    request.set_namespace_(ns_.name());
    request.set_label_selector(selector);
    return rpc::Call(replica->stub(), &v1::PortService::StubInterface::DiscoverPools, request);
  };

  const auto labelled = discover("app=ingress-nginx");
  ASSERT_TRUE(labelled.ok()) << labelled.status();
  ASSERT_THAT(labelled->proposals(), SizeIs(1));
  const v1::PoolProposal& proposal = labelled->proposals(0);
  EXPECT_EQ(proposal.name(), "controller");
  EXPECT_EQ(proposal.driver(), "configmap");
  EXPECT_EQ(proposal.configmap().tcp_services().namespace_(), ns_.name());
  EXPECT_EQ(proposal.configmap().tcp_services().name(), "tcp");
  EXPECT_EQ(proposal.configmap().udp_services().name(), "udp");
  EXPECT_EQ(proposal.load_balancers(0).addresses(0).ip(), "10.0.0.1");
  EXPECT_EQ(proposal.problem(), "");

  ns_.MakePool({});
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  const auto all = discover("");
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_THAT(all->proposals(), SizeIs(2));
  EXPECT_EQ(all->proposals(0).pool(), "edge");
  EXPECT_THAT(all->proposals(1).problem(), HasSubstr("behind " + ns_.name() + "/other"));

  const absl::Status refused = discover("not a selector!").status();
  EXPECT_EQ(ReasonOf(refused), Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("label_selector"));
}

TEST_F(PoolsIntegrationTest, MakesPoolsOfLabelledLoadBalancersByItself) {
  ns_.MakeLoadBalancer("other", "10.0.0.2");
  PortEngine::Options options{.ns = ns_.name()};
  options.discovery.label_selector = "app=ingress-nginx";
  options.discovery.load_balancer_namespace = ns_.name();
  options.discovery.first_port = 21000;
  options.discovery.last_port = 21099;
  options.discovery.interval = std::chrono::milliseconds(200);
  const Replica one(ApiServer::Shared().MakeClient(), options);
  Replica two(ApiServer::Shared().MakeClient(), options);
  MakeLabelledController();
  ASSERT_TRUE(Eventually([&] { return IsReady(two, "controller"); }));
  const auto pool = GetPool(two.stub(), "controller");
  EXPECT_EQ(pool->first_port(), 21000);
  EXPECT_EQ(pool->last_port(), 21099);
  EXPECT_EQ(pool->configmap().tcp_services().name(), "tcp");
  EXPECT_THAT(ns_.List(kube::kPortPools), SizeIs(1)) << "nobody labelled the other one";
}

TEST_F(PoolsIntegrationTest, FollowsTheAddressOfTheLoadBalancer) {
  ns_.MakePool({});
  const auto replica = MakeReplica();
  ASSERT_TRUE(Eventually([&] { return ns_.ReadyOf("edge") == "False/PoolNotReady"; }));
  EXPECT_EQ(ClaimReason(*replica, ClaimFor("request-1")), Reason::ERROR_REASON_POOL_NOT_READY);
  ns_.MakeLoadBalancer("controller", "");
  ASSERT_TRUE(Eventually([&] {
    return GetPool(replica->stub(), "edge")->not_ready_message().find("no address") !=
           std::string::npos;
  }));
  ns_.SetAddress("controller", "10.0.1.1");
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  ASSERT_TRUE(Eventually([&] { return ns_.ReadyOf("edge") == "True/LoadBalancerReady"; }));
  const v1::PortClaim claim = MustClaim(replica->stub(), ClaimFor("request-1"));
  EXPECT_EQ(claim.addresses(0).ip(), "10.0.1.1");
  ns_.SetAddress("controller", "");
  ASSERT_TRUE(Eventually([&] { return !IsReady(*replica); }));
  EXPECT_EQ(ClaimReason(*replica, ClaimFor("request-2")), Reason::ERROR_REASON_POOL_NOT_READY);
  EXPECT_EQ(MustClaim(replica->stub(), ClaimFor("request-1")).uid(), claim.uid())
      << "what was handed out stays";
}

TEST_F(PoolsIntegrationTest, StopsBothPoolsThatShareAnAddressAndKeepsTheirClaims) {
  ns_.MakeLoadBalancer("controller", "10.0.2.1");
  ns_.MakeLoadBalancer("second", "10.0.2.2");
  ns_.MakePool({});
  ns_.MakePool({.name = "second", .service = "second"});
  const auto replica = MakeReplica();
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica) && IsReady(*replica, "second"); }));
  const v1::PortClaim claim = MustClaim(replica->stub(), ClaimFor("request-1"));
  ns_.SetAddress("second", "10.0.2.1");
  ASSERT_TRUE(Eventually([&] {
    return ns_.ReadyOf("edge") == "False/PoolsOverlap" &&
           ns_.ReadyOf("second") == "False/PoolsOverlap";
  }));
  EXPECT_EQ(ClaimReason(*replica, ClaimFor("request-2")), Reason::ERROR_REASON_POOLS_OVERLAP);
  EXPECT_EQ(MustBind(replica->stub(), claim).state(), v1::PortClaim::STATE_BOUND);
  ns_.SetAddress("second", "10.0.2.2");
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica) && IsReady(*replica, "second"); }));
}

TEST_F(PoolsIntegrationTest, ChoosesAmongPoolsByAddressAndByTheirLoadBalancers) {
  for (const auto& [name, address] : {std::pair("blue", "10.0.0.1"), {"green", "10.0.0.2"}}) {
    ns_.MakeLoadBalancer(name, address);
    ns_.Change(kube::kServices, name,
               [name = name](Json& service) { kube::SetLabel(service, "appingress", name); });
    ns_.MakePool({.name = name, .service = name});
  }
  const auto one = MakeReplica();
  const auto two = MakeReplica();
  for (Replica* replica : {one.get(), two.get()}) {
    ASSERT_TRUE(
        Eventually([&] { return IsReady(*replica, "blue") && IsReady(*replica, "green"); }));
  }
  v1::ClaimRequest request = ClaimFor("by-address");
  request.clear_pool();
  request.mutable_pool_selector()->set_address("10.0.0.2");
  EXPECT_EQ(MustClaim(one->stub(), request).pool(), "green");

  request = ClaimFor("by-label");
  request.clear_pool();
  request.mutable_pool_selector()->mutable_load_balancers()->set_namespace_(ns_.name());
  request.mutable_pool_selector()->mutable_load_balancers()->set_label_selector("appingress=blue");
  const v1::PortClaim blue = MustClaim(one->stub(), request);
  EXPECT_EQ(blue.pool(), "blue");

  request = ClaimFor("owners-last");
  request.clear_pool();
  request.mutable_pool_selector();
  EXPECT_EQ(MustClaim(one->stub(), request).pool(), "blue") << "where the owner was last";

  request.mutable_pool_selector()->set_address("10.0.0.3");
  request.set_request_id("nowhere");
  EXPECT_EQ(ClaimReason(*one, request), Reason::ERROR_REASON_POOL_NOT_FOUND);
}

TEST_F(PoolsIntegrationTest, GivesOnePortToARequestForWhichTwoReplicasDrawPoolsAtOnce) {
  for (const auto& [name, address] : {std::pair("blue", "10.0.0.1"), {"green", "10.0.0.2"}}) {
    ns_.MakeLoadBalancer(name, address);
    ns_.MakePool({.name = name, .service = name});
  }
  const auto one = MakeReplica();
  const auto two = MakeReplica();
  for (Replica* replica : {one.get(), two.get()}) {
    ASSERT_TRUE(
        Eventually([&] { return IsReady(*replica, "blue") && IsReady(*replica, "green"); }));
  }
  constexpr int kRounds = 40;
  std::barrier start(2);
  std::vector<std::vector<v1::PortClaim>> answers(2);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        for (int round = 0; round < kRounds; ++round) {
          v1::ClaimRequest request = ClaimFor("request-" + std::to_string(round));
          request.clear_pool();
          request.mutable_pool_selector()->set_strategy(v1::PoolSelector::STRATEGY_RANDOM);
          start.arrive_and_wait();
          answers[i].push_back(MustClaim((i == 0 ? one : two)->stub(), request));
        }
      });
    }
  }
  std::set<std::string> pools;
  for (int round = 0; round < kRounds; ++round) {
    EXPECT_EQ(answers[0][round].name(), answers[1][round].name());
    pools.insert(answers[0][round].pool());
  }
  EXPECT_THAT(pools, SizeIs(2));
  EXPECT_THAT(ns_.List(kube::kPortClaims), SizeIs(kRounds));
}

TEST_F(PoolsIntegrationTest, MakesChangesAndDeletesPoolsByCalls) {
  ns_.MakeLoadBalancer("controller", "10.0.0.1");
  const auto replica = MakeReplica();
  v1::PortPool pool;
  pool.set_name("edge");
  pool.set_driver("configmap");
  v1::LoadBalancer& load_balancer = *pool.add_load_balancers();
  load_balancer.set_kind("Service");
  load_balancer.set_namespace_(ns_.name());
  load_balancer.set_name("controller");
  pool.set_first_port(20000);
  pool.set_last_port(20099);
  pool.mutable_quarantine()->set_seconds(0);
  for (v1::ObjectName* name : {pool.mutable_configmap()->mutable_tcp_services(),
                               pool.mutable_configmap()->mutable_udp_services()}) {
    name->set_namespace_(ns_.name());
    name->set_name("services");
  }
  const auto create = [&](bool validate_only = false) {
    v1::CreatePoolRequest request;
    *request.mutable_pool() = pool;
    request.set_validate_only(validate_only);
    return rpc::Call(replica->stub(), &v1::PortService::StubInterface::CreatePool, request);
  };
  const auto update = [&](bool validate_only = false) {
    v1::UpdatePoolRequest request;
    *request.mutable_pool() = pool;
    request.set_validate_only(validate_only);
    return rpc::Call(replica->stub(), &v1::PortService::StubInterface::UpdatePool, request);
  };
  const auto remove = [&](const std::string& etag, bool validate_only = false) {
    v1::DeletePoolRequest request;
    request.set_name("edge");
    request.set_etag(etag);
    request.set_validate_only(validate_only);
    return rpc::Call(replica->stub(), &v1::PortService::StubInterface::DeletePool, request)
        .status();
  };

  const auto checked = create(true);
  EXPECT_TRUE(checked.ok()) << Describe(checked.status());
  EXPECT_THAT(ns_.List(kube::kPortPools), IsEmpty());
  const auto created = create();
  ASSERT_TRUE(created.ok()) << Describe(created.status());
  EXPECT_TRUE(kube::HasFinalizer(ns_.Get(kube::kPortPools, "edge"), "berth.dev/pool"));
  EXPECT_EQ(create()->pool().uid(), created->pool().uid()) << "a repeated call";
  pool.set_last_port(20199);
  EXPECT_EQ(ReasonOf(create().status()), Reason::ERROR_REASON_POOL_EXISTS);

  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  EXPECT_EQ(GetPool(replica->stub(), "edge")->etag(), created->pool().etag());
  const v1::PortClaim claim = MustClaim(replica->stub(), ClaimFor("request-1"));

  EXPECT_EQ(ReasonOf(update().status()), Reason::ERROR_REASON_INVALID_FIELD) << "no etag";
  pool.set_etag(created->pool().etag());
  EXPECT_EQ(update(true)->pool().last_port(), 20199);
  EXPECT_EQ(GetPool(replica->stub(), "edge")->last_port(), 20099);
  const auto updated = update();
  ASSERT_TRUE(updated.ok()) << Describe(updated.status());
  EXPECT_NE(updated->pool().etag(), created->pool().etag());
  EXPECT_EQ(update()->pool().etag(), updated->pool().etag()) << "a repeated call";
  ASSERT_TRUE(Eventually([&] { return GetPool(replica->stub(), "edge")->last_port() == 20199; }));
  pool.set_last_port(20299);
  EXPECT_EQ(ReasonOf(update().status()), Reason::ERROR_REASON_POOL_CHANGED) << "an old etag";
  pool.set_etag(updated->pool().etag());
  pool.set_driver("loadbalancer");
  pool.clear_configmap();
  pool.mutable_loadbalancer()->set_implementation(
      v1::LoadBalancerSettings::IMPLEMENTATION_KUBE_VIP);
  EXPECT_EQ(FieldViolationsOf(update().status()).at(0).field, "pool.driver");

  const absl::Status in_use = remove("");
  EXPECT_EQ(ReasonOf(in_use), Reason::ERROR_REASON_POOL_IN_USE);
  EXPECT_EQ(MetadataOf(in_use, "claims"), "1");
  ASSERT_TRUE(CallRelease(replica->stub(), claim.name(), claim.uid()).ok());
  EXPECT_EQ(ReasonOf(remove(created->pool().etag())), Reason::ERROR_REASON_POOL_CHANGED);
  EXPECT_TRUE(remove(updated->pool().etag(), true).ok());
  EXPECT_FALSE(kube::IsBeingDeleted(ns_.Get(kube::kPortPools, "edge")));
  EXPECT_TRUE(remove(updated->pool().etag()).ok());
  ASSERT_TRUE(Eventually([&] { return ns_.Get(kube::kPortPools, "edge").is_null(); }));
  EXPECT_EQ(ReasonOf(remove("")), Reason::ERROR_REASON_POOL_NOT_FOUND);
  EXPECT_EQ(ReasonOf(update().status()), Reason::ERROR_REASON_POOL_NOT_FOUND);
}

TEST_F(PoolsIntegrationTest, ListsPoolsByPages) {
  ns_.MakeLoadBalancer("controller", "10.0.3.1");
  for (const char* name : {"a", "b", "c"}) {
    ns_.MakePool({.name = name});
  }
  const auto replica = MakeReplica();
  v1::ListPoolsRequest request;
  request.set_page_size(2);
  auto page = rpc::Call(replica->stub(), &v1::PortService::StubInterface::ListPools, request);
  ASSERT_TRUE(page.ok()) << Describe(page.status());
  ASSERT_THAT(page->pools(), SizeIs(2));
  EXPECT_EQ(page->pools(0).name(), "a");
  request.set_page_token(page->next_page_token());
  page = rpc::Call(replica->stub(), &v1::PortService::StubInterface::ListPools, request);
  ASSERT_THAT(page->pools(), SizeIs(1));
  EXPECT_EQ(page->pools(0).name(), "c");
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(PoolsIntegrationTest, KeepsADeletedPoolUntilNothingOfItIsLeft) {
  ns_.MakeLoadBalancer("controller", "10.0.4.1");
  ns_.MakePool({.quarantine_seconds = 1});
  const auto one = MakeReplica();
  const auto two = MakeReplica();
  ASSERT_TRUE(Eventually([&] {
    return IsReady(*one) && IsReady(*two) &&
           kube::HasFinalizer(ns_.Get(kube::kPortPools, "edge"), "berth.dev/pool");
  }));
  const std::string pool_uid = kube::Uid(ns_.Get(kube::kPortPools, "edge"));
  const v1::PortClaim reserved = MustClaim(one->stub(), ClaimFor("request-1"));
  const v1::PortClaim bound = MustBind(one->stub(), MustClaim(one->stub(), ClaimFor("request-2")));
  ns_.MakeRule(bound.name(), bound.uid(), pool_uid);

  ns_.Delete(kube::kPortPools, "edge");
  ASSERT_TRUE(Eventually([&] { return !IsReady(*one) && !IsReady(*two); }));
  EXPECT_EQ(ClaimReason(*one, ClaimFor("request-3")), Reason::ERROR_REASON_POOL_NOT_READY);
  EXPECT_EQ(ReasonOf(CallBind(two->stub(), reserved.name(), reserved.uid()).status()),
            Reason::ERROR_REASON_POOL_NOT_READY);
  ASSERT_TRUE(CallRelease(one->stub(), reserved.name(), reserved.uid()).ok());
  ASSERT_TRUE(Eventually([&] { return ns_.StateOf(reserved.name()) == "GONE"; }));
  EXPECT_FALSE(ns_.Get(kube::kPortPools, "edge").is_null()) << "a claim and a rule are left";

  ASSERT_TRUE(CallUnbind(one->stub(), bound.name(), bound.uid()).ok());
  ns_.Delete(kube::kPortRules, bound.name());
  ASSERT_TRUE(Eventually([&] { return ns_.Get(kube::kPortPools, "edge").is_null(); },
                         std::chrono::seconds(40)));
  EXPECT_THAT(ns_.List(kube::kPortClaims), IsEmpty());
}

TEST_F(PoolsIntegrationTest, ReleasesTheUnboundClaimsOfAPoolThatWasMadeAnew) {
  ns_.MakeLoadBalancer("controller", "10.0.5.1");
  ns_.MakePool({});
  const auto replica = MakeReplica();
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  ASSERT_TRUE(Eventually([&] { return !ns_.ReadyOf("edge").empty(); }));
  const v1::PortClaim claim = MustClaim(replica->stub(), ClaimFor("request-1"));
  ns_.Delete(kube::kPortPools, "edge");
  RemoveFinalizers(kube::kPortPools, "edge");
  ASSERT_TRUE(Eventually([&] { return ns_.Get(kube::kPortPools, "edge").is_null(); }));
  ns_.MakePool({});
  EXPECT_EQ(ReasonOf(CallBind(replica->stub(), claim.name(), claim.uid()).status()),
            Reason::ERROR_REASON_POOL_NOT_READY);
  EXPECT_TRUE(Eventually([&] { return ns_.StateOf(claim.name()) == "QUARANTINED"; },
                         std::chrono::seconds(45)));
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  EXPECT_NE(MustClaim(replica->stub(), ClaimFor("request-1")).uid(), claim.uid());
}

TEST_F(PoolsIntegrationTest, OpensOnlyAfterWhateverCarriesItsPortsHasAClaim) {
  ns_.MakeLoadBalancer("controller", "10.0.6.1");
  ns_.MakePool({});
  const std::string pool_uid = kube::Uid(ns_.Get(kube::kPortPools, "edge"));
  ns_.MakeRule("edge.udp.20001", "a-claim-that-is-gone", pool_uid);
  ns_.MakeConfigMap("tcp-services", {{"20002", "shop/web:80"}, {"20003", "shop/theirs:80"}});
  ns_.Change(kube::kConfigMaps, "tcp-services",
             [](Json& object) { kube::SetAnnotation(object, "berth.dev/owned", "tcp=20002"); });
  const auto replica = MakeReplica();
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  EXPECT_EQ(ns_.StateOf("edge.udp.20001"), "BOUND");
  EXPECT_EQ(ns_.StateOf("edge.tcp.20002"), "BOUND");
  EXPECT_EQ(ns_.StateOf("edge.tcp.20003"), "GONE") << "what others put there gets no claim";
  EXPECT_EQ(ClaimReason(*replica, ClaimFor("request-1", 20002)), Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_EQ(ClaimReason(*replica, ClaimFor("request-1", 20003)), Reason::ERROR_REASON_PORT_TAKEN);
}

TEST_F(PoolsIntegrationTest, ChecksAllPoolsAgainAfterABackupWasRestored) {
  ns_.MakeLoadBalancer("controller", "10.0.7.1");
  ns_.Change(kube::kServices, "controller", [](Json& service) {
    service["spec"]["ports"].push_back({{"name", "berth"}, {"port", 20100}});
    kube::SetAnnotation(service, "berth.dev/owned", "tcp=20100");
  });
  ns_.MakePool({});
  const auto replica = MakeReplica();
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  // The backup lacks a claim for what the load balancer carries. While the pool is open nobody
  // looks.
  RemoveFinalizers(kube::kPortClaims, "edge.tcp.20100");
  ns_.Delete(kube::kPortClaims, "edge.tcp.20100");
  ASSERT_EQ(ns_.StateOf("edge.tcp.20100"), "GONE");
  ASSERT_TRUE(ApiServer::Shared().SaveStore().ok());
  const v1::PortClaim lost = MustClaim(replica->stub(), ClaimFor("request-1"));
  for (int i = 0; i < 50; ++i) {  // the restored store's revision stays lower for a while
    MustClaim(replica->stub(), ClaimFor("more-" + std::to_string(i)));
  }
  ASSERT_EQ(ns_.StateOf("edge.tcp.20100"), "GONE");

  ASSERT_TRUE(ApiServer::Shared().RestoreStore().ok());
  EXPECT_TRUE(Eventually([&] { return ns_.StateOf("edge.tcp.20100") == "BOUND"; },
                         std::chrono::seconds(60)));
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  EXPECT_EQ(ns_.StateOf(lost.name()), "GONE");
  ASSERT_TRUE(Eventually([&] {
    return CallClaim(replica->stub(), ClaimFor("request-1", lost.port())).ok();
  })) << "what the backup does not know is free again";
}

TEST_F(PoolsIntegrationTest, ReleasesBoundClaimsThatNeverGotTheirRule) {
  ns_.MakeLoadBalancer("controller", "10.0.8.1");
  ns_.MakePool({});
  const auto replica = MakeReplica(std::chrono::milliseconds(500));
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  const v1::PortClaim used = MustBind(replica->stub(), MustClaim(replica->stub(), ClaimFor("a")));
  ns_.MakeRule(used.name(), used.uid(), kube::Uid(ns_.Get(kube::kPortPools, "edge")));
  const v1::PortClaim lost = MustBind(replica->stub(), MustClaim(replica->stub(), ClaimFor("b")));
  EXPECT_TRUE(Eventually([&] { return ns_.StateOf(lost.name()) == "QUARANTINED"; }));
  EXPECT_EQ(ns_.StateOf(used.name()), "BOUND");
}

TEST_F(PoolsIntegrationTest, AsksBeforeItReleasesManyClaimsAtOnce) {
  ns_.MakeLoadBalancer("controller", "10.0.9.1");
  ns_.MakePool({});
  const auto replica = MakeReplica(std::chrono::seconds(1));
  ASSERT_TRUE(Eventually([&] { return IsReady(*replica); }));
  v1::ClaimRequest request = ClaimFor("request-1");
  for (int i = 0; i < 6; ++i) {
    request.add_ports()->set_name("p" + std::to_string(i));
  }
  const auto response = CallClaim(replica->stub(), request);
  ASSERT_TRUE(response.ok()) << Describe(response.status());
  for (const v1::PortClaim& claim : response->claims()) {
    MustBind(replica->stub(), claim);
  }
  ASSERT_TRUE(Eventually([&] {
    return replica->metrics().Text().find("port_repairs_stopped{pool=\"edge\"} 6") !=
           std::string::npos;
  }));
  for (const v1::PortClaim& claim : response->claims()) {
    EXPECT_EQ(ns_.StateOf(claim.name()), "BOUND");
  }
  ns_.Change(kube::kPortPools, "edge",
             [](Json& pool) { kube::SetAnnotation(pool, "berth.dev/repair-approved", "6"); });
  for (const v1::PortClaim& claim : response->claims()) {
    EXPECT_TRUE(Eventually([&] { return ns_.StateOf(claim.name()) == "QUARANTINED"; }));
  }
}

TEST_F(PoolsIntegrationTest, RefusesNamesThatTheSchemaRefuses) {
  Json pool = kube::NewObject(kube::kPortPools, {ns_.name(), "a.b"});
  pool["spec"] = {
      {"driver", "loadbalancer"},
      {"loadBalancers",
       Json::array({{{"kind", "Service"}, {"namespace", ns_.name()}, {"name", "controller"}}})},
      {"portRange", {{"first", 1}, {"last", 2}}}};
  EXPECT_TRUE(kube::IsInvalid(ns_.client().Create(kube::kPortPools, pool).status()));
  pool["metadata"]["name"] = std::string(64, 'x');
  EXPECT_TRUE(kube::IsInvalid(ns_.client().Create(kube::kPortPools, pool).status()));

  Json claim = kube::NewObject(kube::kPortClaims, {ns_.name(), "edge.tcp.20001"});
  claim["spec"] = {{"poolRef", {{"name", "edge"}, {"uid", "u"}}},
                   {"protocol", "TCP"},
                   {"port", 20001},
                   {"owner", "a"},
                   {"requestId", "b"},
                   {"state", "BOUND"},
                   {"ttlSeconds", 600}};
  for (const char* name : {"edge.udp.20001", "edge.tcp.20002", "edge2.tcp.20001", "edge"}) {
    claim["metadata"]["name"] = name;
    EXPECT_TRUE(kube::IsInvalid(ns_.client().Create(kube::kPortClaims, claim).status())) << name;
  }
  claim["metadata"]["name"] = "edge.tcp.20001";
  EXPECT_TRUE(ns_.client().Create(kube::kPortClaims, claim).ok());
}

TEST_F(PoolsIntegrationTest, DoesNotStartOnOlderCustomResources) {
  kube::Client& client = ns_.client();
  EXPECT_TRUE(kube::CheckSchemas(client, {{.resource = kube::kPortPools, .revision = 2}}).ok());
  const absl::Status status =
      kube::CheckSchemas(client, {{.resource = kube::kPortPools, .revision = 1000},
                                  {.resource = {kube::kBerthGroup, "v1alpha1", "nothings", ""}}});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CRD_TOO_OLD);
  EXPECT_THAT(std::string(status.message()),
              ContainsRegex("portpools.berth.dev has schema revision [0-9]+, 1000"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("nothings.berth.dev does not exist"));
}

}  // namespace
}  // namespace berth::port
