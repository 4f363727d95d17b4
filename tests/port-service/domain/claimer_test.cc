#include "port-service/domain/claimer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/status/status.h"
#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

using Strategy = PoolSelector::Strategy;

pool::PoolName Name(const std::string& name) { return pool::PoolName::Parse(name).value(); }

/// A pool of 100 ports on one load balancer of its namespace.
pool::PoolState PoolOf(const std::string& name, const std::string& address,
                       std::map<std::string, std::string> labels = {}) {
  pool::PoolState state{.pool = TestPool(), .known = true};
  state.pool.name = Name(name);
  state.pool.uid = "pool-" + name;
  state.pool.last = pool::Port::Of<20099>();
  state.pool.static_ports = 0;
  state.addresses = {*pool::Address::ParseIp(address)};
  state.load_balancers = {
      {.ref = {pool::LoadBalancerKind::kService, {"ingress-" + name, "controller"}},
       .labels = std::move(labels),
       .addresses = state.addresses}};
  return state;
}

ClaimRequest Request(PoolSelector selector, const std::string& request_id = "request-1") {
  return {.pool = std::move(selector),
          .owner = *Owner::Parse("team-a/web"),
          .request_id = *RequestId::Parse(request_id),
          .wishes = {{.name = EntryName(), .protocols = {pool::Protocol::kTcp}}}};
}

class ClaimerTest : public testing::Test {
 protected:
  /// A replica of its own: same store and pools, own view and luck.
  struct Replica {
    explicit Replica(ClaimerTest& test)
        : view(test.store_),
          allocator(test.store_, view, test.cluster_, test.clock_.reader()),
          chooser(
              test.pools_, view, [this](const Owner&) { return last_pool; },
              [this](std::uint64_t bound) { return luck % bound; }),
          claimer(chooser, allocator) {}
    FakeView view;
    std::optional<pool::PoolName> last_pool;
    std::uint64_t luck = 0;
    Allocator allocator;
    PoolChooser chooser;
    Claimer claimer;
  };

  ClaimerTest() {
    pools_.Put(PoolOf("blue", "10.0.0.1", {{"appingress", "public"}}));
    pools_.Put(PoolOf("green", "10.0.0.2", {{"appingress", "public"}}));
    pools_.Put(PoolOf("red", "10.0.0.3", {{"appingress", "internal"}}));
  }

  /// Claims of somebody else on the lowest ports of a pool, as far as they are free.
  void Fill(const std::string& pool, int ports) {
    for (int i = 0; i < ports; ++i) {
      Claim claim = TestClaim(ClaimState::kBound);
      claim.name = pool::ClaimName(Name(pool), pool::Protocol::kTcp, *pool::Port::Parse(20000 + i));
      claim.owner = *Owner::Parse("somebody-else");
      const absl::Status status = store_.Insert(claim).status();
      ASSERT_TRUE(status.ok() || absl::IsAlreadyExists(status)) << status;
    }
  }

  std::string PoolFor(const ClaimRequest& request) {
    const auto claimed = replica_.claimer.Claim(request);
    return claimed.ok() ? claimed->claims.at(0).name.pool().value() : Describe(claimed.status());
  }

  std::vector<Claim> Stored() const {
    std::vector<Claim> claims = store_.All();
    std::erase_if(claims, [](const Claim& claim) { return claim.owner.value() != "team-a/web"; });
    return claims;
  }

  FakePools pools_;
  FakeServerClock clock_;
  FakeStore store_;
  FakeCluster cluster_;
  Replica replica_{*this};
};

TEST_F(ClaimerTest, FindsAPoolByItsAddress) {
  EXPECT_EQ(PoolFor(Request({.address = *pool::Address::ParseIp("10.0.0.2")})), "green");
  EXPECT_EQ(ReasonOf(replica_.claimer
                         .Claim(Request({.address = *pool::Address::ParseIp("10.0.0.9")}, "other"))
                         .status()),
            Reason::ERROR_REASON_POOL_NOT_FOUND);
}

TEST_F(ClaimerTest, FindsPoolsByNamespaceAndLabelsOfTheirLoadBalancers) {
  EXPECT_EQ(PoolFor(Request({.load_balancers = {{.ns = "ingress-green"}}}, "1")), "green");
  EXPECT_EQ(
      PoolFor(Request(
          {.load_balancers = {{.labels = *kube::LabelSelector::Parse("appingress=internal")}}},
          "2")),
      "red");
  EXPECT_EQ(PoolFor(Request(
                {.load_balancers = {{.ns = "ingress-red",
                                     .labels = *kube::LabelSelector::Parse("appingress=public")}}},
                "3")),
            "NOT_FOUND (POOL_NOT_FOUND): no pool fits the selector");
}

TEST_F(ClaimerTest, TakesTheOwnersLastPoolAndElseTheLeastUsed) {
  Fill("blue", 30);
  Fill("green", 10);
  Fill("red", 20);
  EXPECT_EQ(PoolFor(Request({}, "1")), "green");
  replica_.last_pool = Name("red");
  EXPECT_EQ(PoolFor(Request({}, "2")), "red");
  EXPECT_EQ(PoolFor(Request({.strategy = Strategy::kLeastUsed}, "3")), "green");
  replica_.last_pool = Name("gone");
  EXPECT_EQ(PoolFor(Request({}, "4")), "green");
}

TEST_F(ClaimerTest, DrawsAPoolByTheNumberItIsGiven) {
  std::set<std::string> drawn;
  for (replica_.luck = 0; replica_.luck < 6; ++replica_.luck) {
    drawn.insert(PoolFor(Request({.strategy = Strategy::kRandom}, std::to_string(replica_.luck))));
  }
  EXPECT_THAT(drawn, ElementsAre("blue", "green", "red"));
}

TEST_F(ClaimerTest, SendsARepeatedRequestToWhereItsClaimsAre) {
  EXPECT_EQ(PoolFor(Request({.strategy = Strategy::kLeastUsed})), "blue");
  Fill("blue", 90);
  replica_.last_pool = Name("red");
  EXPECT_EQ(PoolFor(Request({})), "blue");
  EXPECT_THAT(Stored(), SizeIs(1));
}

TEST_F(ClaimerTest, GoesOnToTheNextPoolWhenOneIsFullOrThePortIsTaken) {
  Fill("red", 100);
  replica_.last_pool = Name("red");
  EXPECT_EQ(PoolFor(Request({}, "1")), "blue");
  Fill("blue", 1);
  replica_.last_pool = Name("blue");
  ClaimRequest asked_for = Request({}, "2");
  asked_for.wishes[0].port = pool::Port::Of<20000>();
  EXPECT_EQ(PoolFor(asked_for), "green");
}

TEST_F(ClaimerTest, NamesThePoolsThatMightHaveServedARequest) {
  for (const char* pool : {"blue", "green"}) {
    Fill(pool, 100);
  }
  const ClaimRequest request =
      Request({.load_balancers = {{.labels = *kube::LabelSelector::Parse("appingress=public")}}});
  const absl::Status full = replica_.claimer.Claim(request).status();
  EXPECT_EQ(ReasonOf(full), Reason::ERROR_REASON_POOL_EXHAUSTED);
  EXPECT_EQ(MetadataOf(full, "candidates"), "blue,green");
  EXPECT_THAT(Stored(), SizeIs(0));
}

TEST_F(ClaimerTest, PassesOverPoolsThatAreClosedOrNotUsable) {
  pools_.Close(Name("blue"));
  pool::PoolState green = PoolOf("green", "10.0.0.2");
  green.usable = Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_NOT_READY,
                       "no address");
  pools_.Put(green);
  EXPECT_EQ(PoolFor(Request({})), "red");
  EXPECT_TRUE(replica_.claimer.Check(Request({})).ok());
  const absl::Status none =
      replica_.claimer.Check(Request({.load_balancers = {{.ns = "ingress-green"}}}, "other"));
  EXPECT_EQ(ReasonOf(none), Reason::ERROR_REASON_POOL_NOT_READY);
  EXPECT_EQ(MetadataOf(none, "candidates"), "green");
}

TEST_F(ClaimerTest, AnswersOnePoolToARequestForWhichTwoReplicasChoseTwo) {
  Replica other(*this);
  other.view.Freeze();
  other.last_pool = Name("green");
  replica_.last_pool = Name("red");
  std::optional<Claimer::Claimed> others;
  // The other replica runs while the first has stored its claim and not yet answered.
  int creates = 0;
  store_.after_create = [&](const Claim&) {
    if (++creates == 1) {
      others = *other.claimer.Claim(Request({}));
    } else {
      other.view.Thaw();
    }
  };
  const auto claimed = replica_.claimer.Claim(Request({}));
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_EQ(claimed->claims.at(0).name.pool().value(), "red");
  EXPECT_EQ(others.value().claims.at(0).name, claimed->claims.at(0).name);
  EXPECT_THAT(Stored(), SizeIs(1));
}

TEST_F(ClaimerTest, GivesWayToACallThatStoredFirstInAnotherPool) {
  Replica other(*this);
  other.last_pool = Name("green");
  replica_.last_pool = Name("red");
  replica_.view.Freeze();
  const auto others = other.claimer.Claim(Request({}));
  ASSERT_TRUE(others.ok()) << others.status();
  store_.after_create = [&](const Claim&) { replica_.view.Thaw(); };
  const auto claimed = replica_.claimer.Claim(Request({}));
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_EQ(claimed->claims.at(0).name, others->claims.at(0).name);
  EXPECT_THAT(Stored(), SizeIs(1));
}

}  // namespace
}  // namespace berth::port
