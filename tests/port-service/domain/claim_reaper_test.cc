#include "port-service/domain/claim_reaper.h"

#include <gtest/gtest.h>

#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class ClaimReaperTest : public testing::Test {
 protected:
  ClaimReaperTest() { cluster_.Put(TestPool()); }

  Claim Store(ClaimState state, bool deleting = false) {
    Claim claim = TestClaim(state);
    claim.deleting = deleting;
    return *store_.Insert(claim);
  }

  ClaimState StateOf(const Claim& claim) { return store_.Get(claim.name)->state; }

  FakeStore store_;
  FakeCluster cluster_;
  FakeServerClock clock_;
  std::optional<std::string> seen_pool_uid_ = "pool-1";
  ClaimReaper reaper_{store_, cluster_, clock_.reader(),
                      [this](const pool::PoolName&) { return seen_pool_uid_; }};
};

TEST_F(ClaimReaperTest, LeavesAReservedClaimUntilItExpires) {
  const Claim claim = Store(ClaimState::kReserved);
  EXPECT_EQ(*reaper_.Step(claim), milliseconds(minutes(10)));
  clock_.now += minutes(10) - seconds(1);
  EXPECT_EQ(*reaper_.Step(claim), milliseconds(seconds(1)));
  EXPECT_EQ(*store_.Get(claim.name), claim);
}

TEST_F(ClaimReaperTest, QuarantinesAReservedClaimThatExpired) {
  const Claim claim = Store(ClaimState::kReserved);
  clock_.now += minutes(10);
  ASSERT_TRUE(reaper_.Step(claim).ok());
  EXPECT_EQ(StateOf(claim), ClaimState::kQuarantined);
  EXPECT_EQ(store_.Get(claim.name)->quarantine_end, clock_.now + minutes(5));
}

TEST_F(ClaimReaperTest, ExpiresNothingWhileTheServersTimeIsUnknown) {
  const Claim reserved = Store(ClaimState::kReserved);
  clock_.now += minutes(10);
  clock_.known = false;
  EXPECT_TRUE(absl::IsUnavailable(reaper_.Step(reserved).status()));
  EXPECT_EQ(*store_.Get(reserved.name), reserved);
}

TEST_F(ClaimReaperTest, DoesNotExpireAClaimThatWasBoundMeanwhile) {
  const Claim claim = Store(ClaimState::kReserved);
  ASSERT_TRUE(store_.Replace(*Bound(claim, claim.name.ToString())).ok());
  clock_.now += minutes(10);
  EXPECT_TRUE(absl::IsAborted(reaper_.Step(claim).status()));
  EXPECT_EQ(StateOf(claim), ClaimState::kBound);
}

TEST_F(ClaimReaperTest, LeavesABoundClaimAlone) {
  const Claim claim = Store(ClaimState::kBound);
  clock_.now += minutes(1000);
  EXPECT_EQ(*reaper_.Step(claim), std::nullopt);
  EXPECT_EQ(*store_.Get(claim.name), claim);
}

TEST_F(ClaimReaperTest, TakesADeletionForAWish) {
  const Claim reserved = Store(ClaimState::kReserved, /*deleting=*/true);
  ASSERT_TRUE(reaper_.Step(reserved).ok());
  EXPECT_EQ(StateOf(reserved), ClaimState::kQuarantined);
  ASSERT_TRUE(store_.Delete(*store_.Get(reserved.name)).ok());

  const Claim bound = Store(ClaimState::kBound, /*deleting=*/true);
  ASSERT_TRUE(reaper_.Step(bound).ok());
  EXPECT_EQ(StateOf(bound), ClaimState::kReleasing);
}

TEST_F(ClaimReaperTest, LeavesTimeToTheCallThatTakesItsClaimBack) {
  Claim claim = TestClaim(ClaimState::kReserved);
  claim.deleting = true;
  claim.deletion_time = clock_.now;
  claim = *store_.Insert(claim);
  EXPECT_EQ(*reaper_.Step(claim), milliseconds(seconds(5)));
  EXPECT_EQ(StateOf(claim), ClaimState::kReserved);
  clock_.now += seconds(5);
  ASSERT_TRUE(reaper_.Step(claim).ok());
  EXPECT_EQ(StateOf(claim), ClaimState::kQuarantined);
}

TEST_F(ClaimReaperTest, KeepsAReleasingClaimUntilItsRuleIsGone) {
  const Claim claim = Store(ClaimState::kReleasing);
  cluster_.PutRule(claim.name);
  EXPECT_TRUE(reaper_.Step(claim)->has_value());
  EXPECT_EQ(StateOf(claim), ClaimState::kReleasing);
  cluster_.RemoveRule(claim.name);
  ASSERT_TRUE(reaper_.Step(claim).ok());
  EXPECT_EQ(StateOf(claim), ClaimState::kQuarantined);
}

TEST_F(ClaimReaperTest, FreesAPortAtTheEndOfItsQuarantine) {
  const Claim claim = Store(ClaimState::kQuarantined);
  EXPECT_EQ(*reaper_.Step(claim), milliseconds(minutes(5)));
  EXPECT_TRUE(store_.Get(claim.name).ok());
  clock_.now += minutes(5);
  ASSERT_TRUE(reaper_.Step(claim).ok());
  EXPECT_TRUE(absl::IsNotFound(store_.Get(claim.name).status()));
}

TEST_F(ClaimReaperTest, DoesNotFreeAPortThatARuleStillUses) {
  const Claim claim = Store(ClaimState::kQuarantined);
  cluster_.PutRule(claim.name);
  clock_.now += minutes(5);
  EXPECT_TRUE(reaper_.Step(claim)->has_value());
  EXPECT_TRUE(store_.Get(claim.name).ok());
}

TEST_F(ClaimReaperTest, ReleasesAnUnboundClaimOfAPoolThatIsGone) {
  const Claim claim = Store(ClaimState::kReserved);
  seen_pool_uid_ = std::nullopt;
  EXPECT_TRUE(reaper_.Step(claim)->has_value()) << "the pool exists, only this replica lags";
  EXPECT_EQ(StateOf(claim), ClaimState::kReserved);

  pool::Pool anew = TestPool();
  anew.uid = "pool-2";
  cluster_.Put(anew);
  seen_pool_uid_ = "pool-2";
  ASSERT_TRUE(reaper_.Step(claim).ok());
  EXPECT_EQ(StateOf(claim), ClaimState::kQuarantined);
}

TEST_F(ClaimReaperTest, KeepsAPortUntilNothingOfItsClaimIsLeftAnywhere) {
  pool::Pool pool = TestPool();
  pool.driver = pool::Driver::kLoadBalancer;
  pool.quarantine = seconds(0);
  cluster_.Put(pool);
  const Claim releasing = Store(ClaimState::kReleasing);
  ASSERT_TRUE(reaper_.Step(releasing).ok());
  const Claim resting = *store_.Get(releasing.name);
  EXPECT_EQ(*reaper_.Step(resting), milliseconds(seconds(35))) << "whatever the quarantine";
  clock_.now += seconds(35);
  cluster_.objects.insert(resting.uid);
  EXPECT_TRUE(reaper_.Step(resting)->has_value());
  cluster_.list_error = absl::UnavailableError("down");
  EXPECT_FALSE(reaper_.Step(resting).ok());
  cluster_.list_error = absl::OkStatus();
  EXPECT_EQ(*store_.Get(resting.name), resting);
  cluster_.objects.clear();
  ASSERT_TRUE(reaper_.Step(resting).ok());
  EXPECT_TRUE(absl::IsNotFound(store_.Get(resting.name).status()));
}

}  // namespace
}  // namespace berth::port
