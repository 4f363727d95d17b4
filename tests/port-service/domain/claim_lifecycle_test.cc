#include "port-service/domain/claim_lifecycle.h"

#include <gtest/gtest.h>

#include "common/status/status.h"
#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

/// A store in which somebody else changes the claim just before the first few replaces.
class BusyStore : public FakeStore {
 public:
  int busy = 0;

  absl::StatusOr<Claim> Replace(const Claim& claim) override {
    if (busy > 0) {
      --busy;
      EXPECT_TRUE(FakeStore::Replace(*Get(claim.name)).ok());
    }
    return FakeStore::Replace(claim);
  }
};

class ClaimLifecycleTest : public testing::Test {
 protected:
  ClaimLifecycleTest() { cluster_.Put(TestPool()); }

  Claim Store(ClaimState state) { return *store_.Insert(TestClaim(state)); }

  BusyStore store_;
  FakeCluster cluster_;
  FakeServerClock clock_;
  FakeView view_{store_};
  /// Empty until a test says what this replica has seen.
  FakePools pools_;
  ClaimLifecycle lifecycle_{store_, view_, cluster_, pools_, clock_.reader()};
};

TEST_F(ClaimLifecycleTest, BindsAReservedClaimAndAnswersARepeatedCall) {
  const Claim claim = Store(ClaimState::kReserved);
  const auto bound = lifecycle_.Bind(claim.name, claim.uid, claim.name.ToString());
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(store_.Get(claim.name)->state, ClaimState::kBound);
  EXPECT_EQ(*lifecycle_.Bind(claim.name, claim.uid, claim.name.ToString()), *bound);
}

TEST_F(ClaimLifecycleTest, RefusesAClaimOfAnotherUid) {
  const Claim claim = Store(ClaimState::kReserved);
  for (const absl::Status& status :
       {lifecycle_.Bind(claim.name, "other", claim.name.ToString()).status(),
        lifecycle_.Unbind(claim.name, "other").status(),
        lifecycle_.Release(claim.name, "other").status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_CLAIM_NOT_FOUND);
  }
  EXPECT_EQ(*store_.Get(claim.name), claim);
}

TEST_F(ClaimLifecycleTest, DoesNotBindAClaimWhosePoolIsGone) {
  const Claim claim = Store(ClaimState::kReserved);
  const auto refused = [&] {
    return ReasonOf(lifecycle_.Bind(claim.name, claim.uid, claim.name.ToString()).status()) ==
           Reason::ERROR_REASON_POOL_NOT_READY;
  };
  pool::Pool pool = TestPool();
  pool.deleting = true;
  cluster_.Put(pool);
  EXPECT_TRUE(refused());
  pool = TestPool();
  pool.uid = "pool-2";
  cluster_.Put(pool);
  EXPECT_TRUE(refused());
  cluster_.RemovePool(pool.name);
  EXPECT_TRUE(refused());
  EXPECT_EQ(*store_.Get(claim.name), claim);
}

TEST_F(ClaimLifecycleTest, BindsWhatItHasSeenWithoutARead) {
  class NoReads : public FakeStore {
   public:
    absl::StatusOr<Claim> Get(const pool::ClaimName&) override {
      return absl::UnavailableError("no reads");
    }
  };
  NoReads store;
  FakeView view(store);
  FakeCluster cluster;
  pools_.Put({.pool = TestPool()});
  const Claim claim = *store.Insert(TestClaim());
  ClaimLifecycle lifecycle(store, view, cluster, pools_, clock_.reader());
  EXPECT_TRUE(lifecycle.Bind(claim.name, claim.uid, claim.name.ToString()).ok());
}

TEST_F(ClaimLifecycleTest, RefusesNothingForWhatItHasSeenAlone) {
  const Claim claim = Store(ClaimState::kBound);
  view_.Freeze();
  ASSERT_TRUE(lifecycle_.Unbind(claim.name, claim.uid).ok());
  EXPECT_EQ(lifecycle_.Unbind(claim.name, claim.uid)->state, ClaimState::kReleasing);
  EXPECT_EQ(ReasonOf(lifecycle_.Bind(claim.name, claim.uid, claim.name.ToString()).status()),
            Reason::ERROR_REASON_CLAIM_WRONG_STATE)
      << "the view still shows it bound to that rule";
}

TEST_F(ClaimLifecycleTest, UnbindsABoundClaim) {
  const Claim claim = Store(ClaimState::kBound);
  EXPECT_EQ(lifecycle_.Unbind(claim.name, claim.uid)->state, ClaimState::kReleasing);
  EXPECT_EQ(lifecycle_.Unbind(claim.name, claim.uid)->state, ClaimState::kReleasing);
}

TEST_F(ClaimLifecycleTest, ReleasesAReservedClaimIntoThePoolsQuarantine) {
  const Claim claim = Store(ClaimState::kReserved);
  const auto released = lifecycle_.Release(claim.name, claim.uid);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(released->state, ClaimState::kQuarantined);
  EXPECT_EQ(released->quarantine_end, clock_.now + std::chrono::minutes(5));
  clock_.now += std::chrono::seconds(1);
  EXPECT_EQ(*lifecycle_.Release(claim.name, claim.uid), *released);
}

TEST_F(ClaimLifecycleTest, KeepsQuarantineEvenWhenThePoolIsGone) {
  const Claim claim = Store(ClaimState::kReserved);
  cluster_.RemovePool(TestPool().name);
  EXPECT_EQ(lifecycle_.Release(claim.name, claim.uid)->quarantine_end,
            clock_.now + std::chrono::minutes(10));
}

TEST_F(ClaimLifecycleTest, DecidesAgainOnTheNewestStateAfterAConflict) {
  const Claim claim = Store(ClaimState::kReserved);
  store_.busy = 4;
  EXPECT_TRUE(lifecycle_.Bind(claim.name, claim.uid, claim.name.ToString()).ok());
}

TEST_F(ClaimLifecycleTest, GivesUpOnAClaimThatKeepsChanging) {
  const Claim claim = Store(ClaimState::kReserved);
  store_.busy = 100;
  EXPECT_TRUE(
      absl::IsAborted(lifecycle_.Bind(claim.name, claim.uid, claim.name.ToString()).status()));
  EXPECT_EQ(store_.Get(claim.name)->state, ClaimState::kReserved);
}

TEST_F(ClaimLifecycleTest, RenewsForTheClaimsOwnTimeWhenNoneIsGivenAlsoWhileOthersChangeIt) {
  const Claim claim = Store(ClaimState::kReserved);
  clock_.now += std::chrono::minutes(1);
  store_.busy = 2;
  const auto renewed = lifecycle_.Renew(claim.name, claim.uid, std::nullopt);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(store_.Get(claim.name)->expire_time, clock_.now + claim.ttl);
  EXPECT_EQ(ReasonOf(lifecycle_.Renew(claim.name, "other", std::nullopt).status()),
            Reason::ERROR_REASON_CLAIM_NOT_FOUND);
  clock_.known = false;
  EXPECT_EQ(lifecycle_.Renew(claim.name, claim.uid, std::nullopt).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace berth::port
