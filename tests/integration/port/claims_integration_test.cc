// Claims through two replicas of port-service on a real API server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/grpc/channel.h"
#include "common/kube/curl_transport.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/kube/rest_mapper.h"
#include "common/pool/labels.h"
#include "common/status/status.h"
#include "port-service/adapters/kube_cluster_reader.h"
#include "tests/integration/harness/api_server.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/harness/fault_transport.h"
#include "tests/integration/port/port_harness.h"

namespace berth::port {
namespace {

using harness::ApiServer;
using harness::Eventually;
using kube::Json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ClaimsIntegrationTest : public testing::Test {
 protected:
  void SetUp() override { ns_.MakeLoadBalancer("controller", "10.0.0.1"); }

  /// Starts both replicas and waits until they hand out ports.
  void Start(const PortNamespace::PoolSpec& pool = {}) {
    ns_.MakePool(pool);
    for (auto* replica : {&one_, &two_}) {
      *replica = std::make_unique<Replica>(ApiServer::Shared().MakeClient(),
                                           PortEngine::Options{.ns = ns_.name()});
      WaitUntilReady(**replica);
    }
  }

  static void WaitUntilReady(Replica& replica) {
    ASSERT_TRUE(Eventually([&] {
      const auto pool = GetPool(replica.stub(), "edge");
      return pool.ok() && pool->ready();
    }));
  }

  v1::PortService::Stub& stub(int i = 0) { return i % 2 == 0 ? one_->stub() : two_->stub(); }

  PortNamespace ns_;
  std::unique_ptr<Replica> one_;
  std::unique_ptr<Replica> two_;
};

TEST_F(ClaimsIntegrationTest, HandsOutTwoHundredPortsAtOnceAllDifferentAndNoneOfOthers) {
  std::set<int> foreign;
  Json config_map = Json::object();
  for (int i = 0; i < 15; ++i) {
    foreign.insert(20050 + i);
    foreign.insert(20150 + i);
    config_map[std::to_string(20050 + i)] = "shop/web:80";
  }
  ns_.MakeConfigMap("tcp-services", config_map);
  ns_.Change(kube::kServices, "controller", [](Json& service) {
    for (int i = 0; i < 15; ++i) {
      service["spec"]["ports"].push_back({{"name", "p" + std::to_string(i)}, {"port", 20150 + i}});
    }
  });
  Start();

  constexpr int kClaims = 200;
  std::mutex mutex;
  std::set<int> ports;
  {
    std::barrier start(kClaims);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kClaims; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        const v1::PortClaim claim = MustClaim(stub(i), ClaimFor("request-" + std::to_string(i)));
        std::lock_guard lock(mutex);
        ports.insert(claim.port());
      });
    }
  }
  EXPECT_THAT(ports, SizeIs(kClaims));
  EXPECT_GE(*ports.begin(), 20016) << "the static band is kept";
  EXPECT_LE(*ports.rbegin(), 20299);
  for (const int port : foreign) {
    EXPECT_FALSE(ports.contains(port)) << port;
  }
  EXPECT_THAT(ns_.List(kube::kPortClaims), SizeIs(kClaims));
}

TEST_F(ClaimsIntegrationTest, GivesOnePortToARequestThatBothReplicasGetAtTheSameTime) {
  Start();
  constexpr int kRounds = 60;
  std::barrier start(2);
  std::vector<std::vector<v1::PortClaim>> answers(2);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        for (int round = 0; round < kRounds; ++round) {
          start.arrive_and_wait();
          answers[i].push_back(MustClaim(stub(i), ClaimFor("request-" + std::to_string(round))));
        }
      });
    }
  }
  for (int round = 0; round < kRounds; ++round) {
    EXPECT_EQ(answers[0][round].name(), answers[1][round].name());
    EXPECT_EQ(answers[0][round].uid(), answers[1][round].uid());
  }
  EXPECT_THAT(ns_.List(kube::kPortClaims), SizeIs(kRounds));
}

TEST_F(ClaimsIntegrationTest, GivesOnePortToARequestWhileOthersFightForTheSamePorts) {
  Start({.first = 20000, .last = 20031, .quarantine_seconds = 0});
  for (int round = 0; round < 6; ++round) {
    std::mutex mutex;
    std::set<std::string> names;
    {
      std::barrier start(8);
      std::vector<std::jthread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
          start.arrive_and_wait();
          if (i < 4) {
            const v1::PortClaim claim =
                MustClaim(stub(i), ClaimFor("same-" + std::to_string(round)));
            std::lock_guard lock(mutex);
            names.insert(claim.name() + " " + claim.uid());
            return;
          }
          // Claims that come and go make the replicas choose different candidates.
          const v1::PortClaim claim = MustClaim(
              stub(i), ClaimFor("other-" + std::to_string(round) + "-" + std::to_string(i)));
          EXPECT_TRUE(CallRelease(stub(i + 1), claim.name(), claim.uid()).ok());
        });
      }
    }
    ASSERT_THAT(names, SizeIs(1));
    const std::string& winner = *names.begin();
    EXPECT_TRUE(
        CallRelease(stub(), winner.substr(0, winner.find(' ')), winner.substr(winner.find(' ') + 1))
            .ok());
    ASSERT_TRUE(Eventually([&] { return ns_.List(kube::kPortClaims).empty(); }));
  }
}

TEST_F(ClaimsIntegrationTest, KeepsTheQuotaOfANamespaceWhileManyCallsCompeteForIt) {
  Start({.quotas = {{"portsPerNamespace", 10}}});
  // This replica asks the API server instead of waiting for its watch.
  Replica hasty(ApiServer::Shared().MakeClient(),
                PortEngine::Options{.ns = ns_.name(), .watch_patience = {}});
  WaitUntilReady(hasty);
  constexpr int kClaims = 48;
  std::mutex mutex;
  std::vector<v1::PortClaim> granted;
  {
    std::barrier start(kClaims);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kClaims; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        const auto response = CallClaim(i % 3 == 2 ? hasty.stub() : stub(i),
                                        ClaimFor("request-" + std::to_string(i)));
        if (response.ok()) {
          std::lock_guard lock(mutex);
          granted.push_back(response->claims(0));
        } else {
          EXPECT_EQ(ReasonOf(response.status()), Reason::ERROR_REASON_QUOTA_EXCEEDED)
              << Describe(response.status());
        }
      });
    }
  }
  ASSERT_THAT(granted, SizeIs(10)) << "the first ten, and all of the ten";
  EXPECT_THAT(ns_.List(kube::kPortClaims), SizeIs(10)) << "refused claims leave nothing behind";

  v1::ClaimRequest others = ClaimFor("request-1");
  others.set_owner("team-b/web");
  MustClaim(stub(), others);
  ASSERT_TRUE(CallRelease(stub(), granted[0].name(), granted[0].uid()).ok());
  MustClaim(stub(1), ClaimFor("one-more"));
  EXPECT_EQ(ReasonOf(CallClaim(stub(), ClaimFor("too-many")).status()),
            Reason::ERROR_REASON_QUOTA_EXCEEDED);
  EXPECT_EQ(GetPool(stub(), "edge")->quotas(0).ports(), 10);
}

TEST_F(ClaimsIntegrationTest, StoresWhatAClaimIsAndTellsIt) {
  Start();
  v1::ClaimRequest request = ClaimFor("request-1");
  v1::PortRequest& dns = *request.add_ports();
  dns.set_name("dns");
  dns.add_protocols(v1::PROTOCOL_UDP);
  dns.add_protocols(v1::PROTOCOL_TCP);
  v1::PortRequest& web = *request.add_ports();
  web.set_name("web");
  web.set_port(20007);
  request.mutable_ttl()->set_seconds(90);
  request.mutable_exposure()->set_namespace_("shop");
  request.mutable_exposure()->set_name("web");
  request.mutable_exposure()->set_uid("e1");
  request.mutable_exposure()->set_generation(3);

  const auto response = CallClaim(stub(), request);
  ASSERT_TRUE(response.ok()) << Describe(response.status());
  ASSERT_THAT(response->claims(), SizeIs(3));
  EXPECT_EQ(response->claims(0).protocol(), v1::PROTOCOL_TCP);
  EXPECT_EQ(response->claims(1).protocol(), v1::PROTOCOL_UDP);
  EXPECT_EQ(response->claims(0).port(), response->claims(1).port());
  const v1::PortClaim& claim = response->claims(2);
  EXPECT_EQ(claim.name(), "edge.tcp.20007");
  EXPECT_EQ(claim.state(), v1::PortClaim::STATE_RESERVED);
  EXPECT_EQ(claim.entry(), "web");
  ASSERT_THAT(claim.addresses(), SizeIs(1));
  EXPECT_EQ(claim.addresses(0).ip(), "10.0.0.1");
  EXPECT_TRUE(claim.has_expire_time());
  EXPECT_EQ(claim.exposure().uid(), "e1");

  const Json stored = ns_.Get(kube::kPortClaims, "edge.tcp.20007");
  EXPECT_TRUE(kube::HasFinalizer(stored, "berth.dev/claim"));
  EXPECT_TRUE(kube::Label(stored, "berth.dev/claim-key").has_value());
  EXPECT_EQ(kube::StringAt(stored, {"spec", "owner"}), "team-a/web");
  EXPECT_EQ(kube::IntAt(stored, {"spec", "ttlSeconds"}), 90);
  EXPECT_EQ(kube::StringAt(stored, {"spec", "poolRef", "uid"}),
            kube::Uid(ns_.Get(kube::kPortPools, "edge")));
}

TEST_F(ClaimsIntegrationTest, WalksThroughEveryStateAndRefusesTheWrongOnes) {
  Start();
  const std::string pool_uid = kube::Uid(ns_.Get(kube::kPortPools, "edge"));
  const v1::PortClaim claim = MustClaim(stub(), ClaimFor("request-1"));
  const auto reason = [](const auto& response) { return ReasonOf(response.status()); };

  EXPECT_EQ(reason(CallUnbind(stub(), claim.name(), claim.uid())),
            Reason::ERROR_REASON_CLAIM_WRONG_STATE);
  EXPECT_EQ(reason(CallBind(stub(), claim.name(), "another-uid")),
            Reason::ERROR_REASON_CLAIM_NOT_FOUND);
  EXPECT_EQ(reason(CallBind(stub(), "edge.tcp.20299", claim.uid())),
            Reason::ERROR_REASON_CLAIM_NOT_FOUND);

  EXPECT_EQ(MustBind(stub(0), claim).state(), v1::PortClaim::STATE_BOUND);
  EXPECT_EQ(MustBind(stub(1), claim).state(), v1::PortClaim::STATE_BOUND) << "on any replica";
  ns_.MakeRule(claim.name(), claim.uid(), pool_uid);
  const auto bound = CallRelease(stub(), claim.name(), claim.uid());
  EXPECT_EQ(bound.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(reason(bound), Reason::ERROR_REASON_CLAIM_BOUND);
  EXPECT_EQ(MustClaim(stub(1), ClaimFor("request-1")).uid(), claim.uid());

  const auto releasing = CallUnbind(stub(), claim.name(), claim.uid());
  ASSERT_TRUE(releasing.ok()) << Describe(releasing.status());
  EXPECT_EQ(releasing->claim().state(), v1::PortClaim::STATE_RELEASING);
  EXPECT_EQ(CallUnbind(stub(1), claim.name(), claim.uid())->claim().state(),
            v1::PortClaim::STATE_RELEASING);
  EXPECT_EQ(reason(CallBind(stub(), claim.name(), claim.uid())),
            Reason::ERROR_REASON_CLAIM_WRONG_STATE);

  // The rule holds it there, however often the loops look.
  std::this_thread::sleep_for(std::chrono::seconds(3));
  EXPECT_EQ(ns_.StateOf(claim.name()), "RELEASING");
  ns_.Delete(kube::kPortRules, claim.name());
  ASSERT_TRUE(Eventually([&] { return ns_.StateOf(claim.name()) == "QUARANTINED"; }));
  EXPECT_EQ(reason(CallBind(stub(), claim.name(), claim.uid())),
            Reason::ERROR_REASON_CLAIM_WRONG_STATE);
  v1::ClaimRequest other = ClaimFor("request-2", claim.port());
  other.set_owner("team-b/web");
  EXPECT_EQ(reason(CallClaim(stub(), other)), Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_EQ(CallRelease(stub(), claim.name(), claim.uid())->claim().state(),
            v1::PortClaim::STATE_QUARANTINED);
}

TEST_F(ClaimsIntegrationTest, AnswersARequestWhoseReplicaDiedBetweenCreateAndAnswer) {
  Start();
  auto transport = kube::CurlTransport::Create(ApiServer::Shared().config(), "berth-test");
  ASSERT_TRUE(transport.ok()) << transport.status();
  auto faulty = std::make_unique<harness::FaultTransport>(*std::move(transport));
  harness::FaultTransport& faults = *faulty;
  auto dying = std::make_unique<Replica>(
      std::make_unique<kube::Client>(std::move(faulty), kube::RealClock()),
      PortEngine::Options{.ns = ns_.name()});
  WaitUntilReady(*dying);
  // The create is carried out; this replica never hears of it, and can do nothing any more.
  faults.Add({.kind = harness::Fault::Kind::kAnswerLost}, harness::Method(kube::HttpMethod::kPost));
  faults.Add(
      {.kind = harness::Fault::Kind::kStatus, .http_status = 403},
      [](const kube::HttpRequest&) { return true; }, 1'000'000);
  const v1::ClaimRequest request = ClaimFor("request-1");
  EXPECT_FALSE(CallClaim(dying->stub(), request).ok());
  dying.reset();

  ASSERT_THAT(ns_.List(kube::kPortClaims), SizeIs(1));
  const v1::PortClaim claim = MustClaim(stub(), request);
  EXPECT_EQ(claim.uid(), kube::Uid(ns_.List(kube::kPortClaims).at(0)));
  EXPECT_EQ(MustClaim(stub(1), request).uid(), claim.uid());
  EXPECT_THAT(ns_.List(kube::kPortClaims), SizeIs(1));
}

TEST_F(ClaimsIntegrationTest, GivesAnOwnerThatComesBackItsOldPortAsAnotherClaim) {
  Start();
  const std::string pool_uid = kube::Uid(ns_.Get(kube::kPortPools, "edge"));
  v1::ClaimRequest request = ClaimFor("request-1");
  request.mutable_exposure()->set_namespace_("shop");
  request.mutable_exposure()->set_name("web");
  request.mutable_exposure()->set_uid("e1");
  const v1::PortClaim former = MustBind(stub(), MustClaim(stub(), request));
  ns_.MakeRule(former.name(), former.uid(), pool_uid);
  ASSERT_TRUE(CallUnbind(stub(), former.name(), former.uid()).ok());
  ns_.Delete(kube::kPortRules, former.name());
  ASSERT_TRUE(Eventually([&] { return ns_.StateOf(former.name()) == "QUARANTINED"; }));

  // Both replicas get the new request at the same time.
  std::vector<v1::PortClaim> answers(8);
  {
    std::barrier start(8);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        answers[i] = MustClaim(stub(i), ClaimFor("request-2"));
      });
    }
  }
  for (const v1::PortClaim& claim : answers) {
    EXPECT_EQ(claim.name(), former.name());
    EXPECT_EQ(claim.uid(), former.uid() + ".1");
    EXPECT_EQ(claim.state(), v1::PortClaim::STATE_RESERVED);
  }
  EXPECT_THAT(ns_.List(kube::kPortClaims), SizeIs(1));
  const Json stored = ns_.Get(kube::kPortClaims, former.name());
  EXPECT_EQ(kube::StringAt(stored, {"spec", "requestId"}), "request-2");
  EXPECT_FALSE(stored["spec"].contains("exposureRef"));
  EXPECT_FALSE(kube::Label(stored, "berth.dev/exposure-uid").has_value());

  for (const absl::Status& status : {CallBind(stub(), former.name(), former.uid()).status(),
                                     CallUnbind(stub(), former.name(), former.uid()).status(),
                                     CallRelease(stub(), former.name(), former.uid()).status()}) {
    EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CLAIM_NOT_FOUND)
        << "what was meant for the former claim does not reach this one";
  }
  EXPECT_EQ(MustBind(stub(), answers[0]).state(), v1::PortClaim::STATE_BOUND);
}

TEST_F(ClaimsIntegrationTest, GivesOldPortsToTheirOwnersWhileOthersWantThemAndAnswersAreLost) {
  constexpr int kOwners = 12;
  // All ports of the pool are in quarantine, each for another owner.
  Start({.first = 20000, .last = 20000 + kOwners - 1});
  auto transport = kube::CurlTransport::Create(ApiServer::Shared().config(), "berth-test");
  ASSERT_TRUE(transport.ok()) << transport.status();
  auto faulty = std::make_unique<harness::FaultTransport>(*std::move(transport));
  harness::FaultTransport& faults = *faulty;
  Replica unlucky(std::make_unique<kube::Client>(std::move(faulty), kube::RealClock()),
                  PortEngine::Options{.ns = ns_.name()});
  WaitUntilReady(unlucky);
  const auto request_of = [](int owner, const std::string& request_id) {
    v1::ClaimRequest request = ClaimFor(request_id);
    request.set_owner("team-" + std::to_string(owner) + "/web");
    return request;
  };
  std::vector<v1::PortClaim> former;
  for (int i = 0; i < kOwners; ++i) {
    former.push_back(MustClaim(stub(i), request_of(i, "request-1")));
    ASSERT_TRUE(CallRelease(stub(), former[i].name(), former[i].uid()).ok());
  }
  ASSERT_TRUE(Eventually(
      [&] { return GetPool(unlucky.stub(), "edge")->usage(0).quarantined() == kOwners; }));
  faults.Add({.kind = harness::Fault::Kind::kAnswerLost}, harness::Method(kube::HttpMethod::kPatch),
             3);
  std::mutex mutex;
  std::map<int, std::set<std::string>> answers;
  {
    std::barrier start(3 * kOwners);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3 * kOwners; ++i) {
      threads.emplace_back([&, i] {
        const int owner = i / 3;
        start.arrive_and_wait();
        if (i % 3 == 2) {
          EXPECT_EQ(ReasonOf(CallClaim(stub(i), request_of(kOwners + i, "request-1")).status()),
                    Reason::ERROR_REASON_POOL_EXHAUSTED);
          return;
        }
        const v1::PortClaim claim =
            MustClaim(i % 3 == 0 ? stub(owner) : unlucky.stub(), request_of(owner, "request-2"));
        std::lock_guard lock(mutex);
        answers[owner].insert(claim.name() + " " + claim.uid());
      });
    }
  }
  for (int i = 0; i < kOwners; ++i) {
    EXPECT_THAT(answers[i], testing::ElementsAre(former[i].name() + " " + former[i].uid() + ".1"));
  }
  EXPECT_THAT(ns_.List(kube::kPortClaims), SizeIs(kOwners));
}

TEST_F(ClaimsIntegrationTest, TakesClaimsBackInTheirTime) {
  Start({.claim_ttl_seconds = 2, .quarantine_seconds = 2});
  const v1::PortClaim expiring = MustClaim(stub(), ClaimFor("request-1", 20001));
  const v1::PortClaim kept = MustBind(stub(), MustClaim(stub(), ClaimFor("request-2", 20002)));
  EXPECT_EQ(ns_.StateOf(expiring.name()), "RESERVED");
  ASSERT_TRUE(Eventually([&] { return ns_.StateOf(expiring.name()) == "QUARANTINED"; }));
  v1::ClaimRequest other = ClaimFor("request-3", 20001);
  other.set_owner("team-b/web");
  EXPECT_EQ(ReasonOf(CallClaim(stub(), other).status()), Reason::ERROR_REASON_PORT_TAKEN);
  ASSERT_TRUE(Eventually([&] { return ns_.StateOf(expiring.name()) == "GONE"; }));
  const v1::PortClaim again = MustClaim(stub(1), other);
  EXPECT_NE(again.uid(), expiring.uid());
  EXPECT_EQ(ns_.StateOf(kept.name()), "BOUND") << "only a reserved claim expires";
  EXPECT_EQ(ReasonOf(CallBind(stub(), expiring.name(), expiring.uid()).status()),
            Reason::ERROR_REASON_CLAIM_NOT_FOUND)
      << "the name has a new owner";
}

TEST_F(ClaimsIntegrationTest, TakesADeletionByHandForAWish) {
  Start({.quarantine_seconds = 2});
  const std::string pool_uid = kube::Uid(ns_.Get(kube::kPortPools, "edge"));
  const v1::PortClaim reserved = MustClaim(stub(), ClaimFor("request-1", 20001));
  const v1::PortClaim bound = MustBind(stub(), MustClaim(stub(), ClaimFor("request-2", 20002)));
  ns_.MakeRule(bound.name(), bound.uid(), pool_uid);
  ns_.Delete(kube::kPortClaims, reserved.name());
  ns_.Delete(kube::kPortClaims, bound.name());

  ASSERT_TRUE(Eventually([&] { return ns_.StateOf(reserved.name()) == "QUARANTINED"; }));
  EXPECT_EQ(ReasonOf(CallBind(stub(), reserved.name(), reserved.uid()).status()),
            Reason::ERROR_REASON_CLAIM_WRONG_STATE);
  ASSERT_TRUE(Eventually([&] { return ns_.StateOf(reserved.name()) == "GONE"; }));

  EXPECT_EQ(ns_.StateOf(bound.name()), "RELEASING") << "its rule is still there";
  ns_.Delete(kube::kPortRules, bound.name());
  ASSERT_TRUE(Eventually([&] { return ns_.StateOf(bound.name()) == "GONE"; }));
}

TEST_F(ClaimsIntegrationTest, NoticesWithinASecondWhatOthersTakeAndGiveBack) {
  Start();
  const auto taken = [&](int port) {
    v1::ClaimRequest request = ClaimFor("probe-" + std::to_string(port), port);
    const auto response = CallClaim(stub(), request);
    if (response.ok()) {
      const v1::PortClaim& claim = response->claims(0);
      EXPECT_TRUE(CallRelease(stub(), claim.name(), claim.uid()).ok());
    }
    return ReasonOf(response.status()) == Reason::ERROR_REASON_PORT_TAKEN;
  };
  const auto held = [&] { return GetPool(stub(1), "edge")->usage(0).held_by_others(); };
  EXPECT_EQ(held(), 0);
  ns_.Change(kube::kServices, "controller", [](Json& service) {
    service["spec"]["ports"].push_back({{"name", "theirs"}, {"port", 20100}});
  });
  EXPECT_TRUE(Eventually([&] { return held() == 1; }, std::chrono::seconds(1)));
  ns_.MakeConfigMap("tcp-services", {{"20101", "shop/web:80"}});
  EXPECT_TRUE(Eventually([&] { return held() == 2; }, std::chrono::seconds(1)));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the other replica's watch
  EXPECT_TRUE(taken(20100));
  EXPECT_TRUE(taken(20101));
  ns_.Delete(kube::kConfigMaps, "tcp-services");
  EXPECT_TRUE(Eventually([&] { return held() == 1; }, std::chrono::seconds(1)));
}

TEST_F(ClaimsIntegrationTest, ListsClaimsByPages) {
  Start();
  for (int port = 20001; port <= 20005; ++port) {
    MustClaim(stub(), ClaimFor("request-" + std::to_string(port), port));
  }
  ASSERT_TRUE(Eventually([&] {
    v1::ListClaimsRequest all;
    return rpc::Call(stub(1), &v1::PortService::StubInterface::ListClaims, all)->claims_size() == 5;
  }));
  std::vector<int> ports;
  v1::ListClaimsRequest request;
  request.set_page_size(2);
  request.set_pool("edge");
  request.set_owner("team-a/web");
  int pages = 0;
  do {
    // Every page from another replica.
    const auto page =
        rpc::Call(stub(++pages), &v1::PortService::StubInterface::ListClaims, request);
    ASSERT_TRUE(page.ok()) << Describe(page.status());
    for (const v1::PortClaim& claim : page->claims()) {
      ports.push_back(claim.port());
    }
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && pages < 10);
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(ports, testing::ElementsAre(20001, 20002, 20003, 20004, 20005));

  request.set_page_token("nonsense");
  EXPECT_EQ(
      ReasonOf(rpc::Call(stub(), &v1::PortService::StubInterface::ListClaims, request).status()),
      Reason::ERROR_REASON_INVALID_PAGE_TOKEN);
}

TEST_F(ClaimsIntegrationTest, ListsClaimsByLabelsStateAndNamespace) {
  Start();
  const auto claim = [&](const std::string& owner, const std::string& team) {
    v1::ClaimRequest request = ClaimFor("request-" + team);
    request.set_owner(owner);
    (*request.mutable_labels())["team"] = team;
    return MustClaim(stub(), request);
  };
  const v1::PortClaim web = claim("shop/web", "web");
  const v1::PortClaim api = claim("shop/api", "api");
  const v1::PortClaim job = claim("batch/job", "job");
  MustBind(stub(), api);
  EXPECT_EQ(web.labels().at("team"), "web");
  EXPECT_EQ(kube::Label(ns_.Get(kube::kPortClaims, web.name()), "team"), "web");

  const auto list = [&](const std::string& ns, const std::string& selector,
                        std::vector<v1::PortClaim::State> states) {
    v1::ListClaimsRequest request;
    request.set_namespace_(ns);
    request.set_label_selector(selector);
    request.mutable_states()->Assign(states.begin(), states.end());
    const auto response = rpc::Call(stub(1), &v1::PortService::StubInterface::ListClaims, request);
    EXPECT_TRUE(response.ok()) << Describe(response.status());
    std::set<std::string> owners;
    for (const v1::PortClaim& found : response->claims()) {
      owners.insert(found.owner());
    }
    return owners;
  };
  using Owners = std::set<std::string>;
  ASSERT_TRUE(Eventually(
      [&] { return list("shop", "", {v1::PortClaim::STATE_BOUND}) == Owners({"shop/api"}); }));
  EXPECT_EQ(list("shop", "", {}), Owners({"shop/api", "shop/web"}));
  EXPECT_EQ(list("", "team in (web,job)", {}), Owners({"shop/web", "batch/job"}));
  EXPECT_EQ(list("shop", "team!=api", {}), Owners({"shop/web"}));
  EXPECT_EQ(list("", "", {v1::PortClaim::STATE_QUARANTINED}), Owners());
}

TEST_F(ClaimsIntegrationTest, SeesWhatIsLeftOfAClaimInAnyNamespace) {
  const auto client = ApiServer::Shared().MakeClient();
  kube::RestMapper mapper(*client);
  KubeClusterReader reader(*client, mapper, ns_.name());
  const Claim claim{.name = pool::ClaimName(*pool::PoolName::Parse("edge"), pool::Protocol::kTcp,
                                            *pool::Port::Parse(20500)),
                    .owner = *Owner::Parse("shop/web"),
                    .request_id = *RequestId::Parse("request"),
                    .uid = "made-for-" + ns_.name()};
  EXPECT_FALSE(*reader.HasObjects(claim));
  Json service = kube::NewObject(kube::kServices, {ApiServer::Shared().MakeNamespace(), "exposed"});
  service["spec"]["ports"] = Json::array({{{"port", 20500}}});
  kube::SetLabel(service, pool::kClaimUidLabel, claim.uid);
  const auto created = client->Create(kube::kServices, service);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(*reader.HasObjects(claim));
  ASSERT_TRUE(client->Delete(kube::kServices, kube::NameOf(service), {}).ok());
  EXPECT_FALSE(*reader.HasObjects(claim));
}

TEST_F(ClaimsIntegrationTest, RenewsAClaimSoThatItOutlivesItsFirstTime) {
  Start({.claim_ttl_seconds = 4});
  const v1::PortClaim renewed = MustClaim(stub(), ClaimFor("request-1"));
  const v1::PortClaim left = MustClaim(stub(), ClaimFor("request-2"));
  v1::RenewClaimRequest request;
  request.set_name(renewed.name());
  request.set_uid(renewed.uid());
  request.mutable_ttl()->set_seconds(600);
  const auto response = rpc::Call(stub(1), &v1::PortService::StubInterface::RenewClaim, request);
  ASSERT_TRUE(response.ok()) << Describe(response.status());
  EXPECT_GT(response->claim().expire_time().seconds(), renewed.expire_time().seconds() + 500);
  ASSERT_TRUE(Eventually([&] { return ns_.StateOf(left.name()) == "QUARANTINED"; }));
  EXPECT_EQ(ns_.StateOf(renewed.name()), "RESERVED");

  request.set_name(left.name());
  request.set_uid(left.uid());
  EXPECT_EQ(
      ReasonOf(rpc::Call(stub(), &v1::PortService::StubInterface::RenewClaim, request).status()),
      Reason::ERROR_REASON_CLAIM_WRONG_STATE);
}

TEST_F(ClaimsIntegrationTest, CountsItsAnswers) {
  Start();
  MustClaim(stub(), ClaimFor("request-1"));
  EXPECT_FALSE(CallClaim(stub(), ClaimFor("request-2", 20300)).ok());
  const std::string text = one_->metrics().Text();
  EXPECT_THAT(text, HasSubstr("port_claims_total{result=\"OK\"} 1"));
  EXPECT_THAT(text, HasSubstr("port_claims_total{result=\"PORT_NOT_ALLOWED\"} 1"));
  EXPECT_THAT(text, HasSubstr("port_claim_duration_seconds_count 2"));
  EXPECT_THAT(text, HasSubstr("port_pool_ports{"));
}

/// A request that must be refused, and how.
struct BadRequest {
  std::string field;
  std::function<void(v1::ClaimRequest& request)> spoil;
};

TEST_F(ClaimsIntegrationTest, RefusesBadRequestsByFieldAndReasonAndLeavesNothingBehind) {
  Start();
  const std::vector<BadRequest> bad_requests = {
      {"pool", [](auto& request) { request.clear_pool(); }},
      {"pool", [](auto& request) { request.set_pool("--post-renderer=x"); }},
      {"pool", [](auto& request) { request.set_pool("../../etc"); }},
      {"owner", [](auto& request) { request.clear_owner(); }},
      {"owner", [](auto& request) { request.set_owner("a b"); }},
      {"owner", [](auto& request) { request.set_owner(std::string(254, 'x')); }},
      {"request_id", [](auto& request) { request.clear_request_id(); }},
      {"request_id", [](auto& request) { request.set_request_id(std::string(129, 'x')); }},
      {"ports[0].port", [](auto& request) { request.add_ports()->set_port(70000); }},
      {"ports[0].port", [](auto& request) { request.add_ports()->set_port(-1); }},
      {"ports[0].name", [](auto& request) { request.add_ports()->set_name("A"); }},
      {"ports[0].protocols[0]",
       [](auto& request) { request.add_ports()->add_protocols(v1::PROTOCOL_UNSPECIFIED); }},
      {"ports[0].protocols[0]",
       [](auto& request) { request.add_ports()->add_protocols(static_cast<v1::Protocol>(7)); }},
      {"ports[0].protocols[1]",
       [](auto& request) {
         v1::PortRequest& port = *request.add_ports();
         port.add_protocols(v1::PROTOCOL_TCP);
         port.add_protocols(v1::PROTOCOL_TCP);
       }},
      {"ports[0].name",
       [](auto& request) {
         request.add_ports();
         request.add_ports()->set_name("b");
       }},
      {"ports[1].name",
       [](auto& request) {
         request.add_ports()->set_name("a");
         request.add_ports()->set_name("a");
       }},
      {"ports[1].port",
       [](auto& request) {
         for (const char* name : {"a", "b"}) {
           request.add_ports()->set_name(name);
           request.mutable_ports(request.ports_size() - 1)->set_port(20001);
         }
       }},
      {"ports",
       [](auto& request) {
         for (int i = 0; i < 17; ++i) {
           request.add_ports()->set_name("p" + std::to_string(i));
         }
       }},
      {"ttl", [](auto& request) { request.mutable_ttl()->set_seconds(0); }},
      {"ttl", [](auto& request) { request.mutable_ttl()->set_seconds(86401); }},
      {"ttl", [](auto& request) { request.mutable_ttl()->set_nanos(1); }},
      {"exposure.uid",
       [](auto& request) {
         request.mutable_exposure()->set_namespace_("shop");
         request.mutable_exposure()->set_name("web");
       }},
  };
  for (const BadRequest& bad : bad_requests) {
    v1::ClaimRequest request = ClaimFor("request-1");
    bad.spoil(request);
    const absl::Status status = CallClaim(stub(), request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << request.ShortDebugString();
    EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_INVALID_FIELD);
    const std::vector<FieldViolation> violations = FieldViolationsOf(status);
    ASSERT_THAT(violations, SizeIs(1)) << request.ShortDebugString();
    EXPECT_EQ(violations[0].field, bad.field);
    EXPECT_FALSE(violations[0].description.empty());
  }

  v1::ClaimRequest unknown = ClaimFor("request-1");
  unknown.set_pool("nowhere");
  EXPECT_EQ(ReasonOf(CallClaim(stub(), unknown).status()), Reason::ERROR_REASON_POOL_NOT_FOUND);
  EXPECT_EQ(ReasonOf(CallClaim(stub(), ClaimFor("request-1", 20300)).status()),
            Reason::ERROR_REASON_PORT_NOT_ALLOWED);
  EXPECT_EQ(ReasonOf(CallBind(stub(), "edge", "u").status()), Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(ReasonOf(CallBind(stub(), "edge.tcp.20001", "").status()),
            Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_EQ(ReasonOf(GetPool(stub(), "").status()), Reason::ERROR_REASON_INVALID_FIELD);

  v1::ClaimRequest only_checked = ClaimFor("request-1");
  only_checked.set_validate_only(true);
  EXPECT_TRUE(CallClaim(stub(), only_checked).ok());
  EXPECT_THAT(ns_.List(kube::kPortClaims), IsEmpty());
}

}  // namespace
}  // namespace berth::port
