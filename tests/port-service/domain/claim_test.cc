#include "port-service/domain/claim.h"

#include <gtest/gtest.h>

#include "common/status/status.h"
#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

const kube::Time kEnd = kube::Time(std::chrono::seconds(1'900'000'000));
const Quarantine kRest{.begin = kEnd - std::chrono::minutes(5), .end = kEnd};

TEST(ClaimTest, IsBoundFromReservedAndStaysBoundToTheSameRule) {
  const Claim reserved = TestClaim(ClaimState::kReserved);
  const absl::StatusOr<Claim> bound = Bound(reserved, "edge.tcp.20500");
  ASSERT_TRUE(bound.ok()) << bound.status();
  EXPECT_EQ(bound->state, ClaimState::kBound);
  EXPECT_EQ(bound->rule, "edge.tcp.20500");
  EXPECT_TRUE(bound->ever_bound);
  EXPECT_EQ(bound->expire_time, std::nullopt) << "only a reserved claim expires";
  EXPECT_EQ(*Bound(*bound, "edge.tcp.20500"), *bound);
  EXPECT_EQ(ReasonOf(Bound(*bound, "other").status()), Reason::ERROR_REASON_CLAIM_WRONG_STATE);
}

TEST(ClaimTest, IsNotBoundOnceItIsOnItsWayOut) {
  Claim deleting = TestClaim(ClaimState::kReserved);
  deleting.deleting = true;
  for (const Claim& claim :
       {deleting, TestClaim(ClaimState::kReleasing), TestClaim(ClaimState::kQuarantined)}) {
    EXPECT_EQ(ReasonOf(Bound(claim, "edge.tcp.20500").status()),
              Reason::ERROR_REASON_CLAIM_WRONG_STATE);
  }
}

TEST(ClaimTest, IsUnboundOnlyFromBound) {
  EXPECT_EQ(Unbound(TestClaim(ClaimState::kBound))->state, ClaimState::kReleasing);
  EXPECT_EQ(ReasonOf(Unbound(TestClaim(ClaimState::kReserved)).status()),
            Reason::ERROR_REASON_CLAIM_WRONG_STATE);
  for (const ClaimState state : {ClaimState::kReleasing, ClaimState::kQuarantined}) {
    EXPECT_EQ(*Unbound(TestClaim(state)), TestClaim(state));
  }
}

TEST(ClaimTest, IsReleasedIntoQuarantineWhileNoRuleUsesIt) {
  const absl::StatusOr<Claim> released = Released(TestClaim(ClaimState::kReserved), kRest);
  EXPECT_EQ(released->state, ClaimState::kQuarantined);
  EXPECT_EQ(released->quarantine_begin, kRest.begin);
  EXPECT_EQ(released->quarantine_end, kEnd);
  EXPECT_EQ(released->expire_time, std::nullopt);
  const absl::Status bound = Released(TestClaim(ClaimState::kBound), kRest).status();
  EXPECT_EQ(bound.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(bound), Reason::ERROR_REASON_CLAIM_BOUND);
  for (const ClaimState state : {ClaimState::kReleasing, ClaimState::kQuarantined}) {
    EXPECT_EQ(*Released(TestClaim(state), kRest), TestClaim(state));
  }
}

TEST(ClaimTest, IsQuarantinedAfterItsRuleOnlyFromReleasing) {
  EXPECT_EQ(Quarantined(TestClaim(ClaimState::kReleasing), kRest)->quarantine_end, kEnd);
  for (const ClaimState state :
       {ClaimState::kReserved, ClaimState::kBound, ClaimState::kQuarantined}) {
    EXPECT_EQ(ReasonOf(Quarantined(TestClaim(state), kRest).status()),
              Reason::ERROR_REASON_CLAIM_WRONG_STATE);
  }
}

TEST(ClaimTest, ReadsTheStatesThatItWrites) {
  for (const ClaimState state : {ClaimState::kReserved, ClaimState::kBound, ClaimState::kReleasing,
                                 ClaimState::kQuarantined}) {
    EXPECT_EQ(ParseClaimState(ToString(state)), state);
  }
  EXPECT_EQ(ParseClaimState("reserved"), std::nullopt);
}

TEST(ClaimTest, RoundsTimesUpToTheSecondThatIsStored) {
  const kube::Time time = kEnd + std::chrono::milliseconds(1);
  EXPECT_EQ(Later(time, std::chrono::seconds(1)), kEnd + std::chrono::seconds(2));
  EXPECT_EQ(Later(kEnd, std::chrono::seconds(1)), kEnd + std::chrono::seconds(1));
  EXPECT_EQ(QuarantineFrom(time, std::chrono::seconds(0)).begin, kEnd + std::chrono::seconds(1));
}

TEST(ClaimTest, RenewsAReservedClaimAndNeverShortensIt) {
  const Claim claim = TestClaim();
  const kube::Time now = FakeServerClock().now;
  const Claim longer = *Renewed(claim, now, std::chrono::minutes(11));
  EXPECT_EQ(longer.expire_time, now + std::chrono::minutes(11));
  EXPECT_EQ(longer.ttl, claim.ttl) << "what was asked for first, which a repeated request compares";
  EXPECT_TRUE(longer.answered());
  EXPECT_EQ(Renewed(claim, now, std::chrono::seconds(1))->expire_time, claim.expire_time);
}

TEST(ClaimTest, RenewsNothingThatHasExpiredOrIsNotReserved) {
  const auto reason = [](const Claim& claim, kube::Time now) {
    return ReasonOf(Renewed(claim, now, std::chrono::minutes(11)).status());
  };
  const kube::Time now = FakeServerClock().now;
  EXPECT_EQ(reason(TestClaim(), *TestClaim().expire_time), Reason::ERROR_REASON_CLAIM_WRONG_STATE);
  for (const ClaimState state :
       {ClaimState::kBound, ClaimState::kReleasing, ClaimState::kQuarantined}) {
    EXPECT_EQ(reason(TestClaim(state), now), Reason::ERROR_REASON_CLAIM_WRONG_STATE);
  }
  Claim deleting = TestClaim();
  deleting.deleting = true;
  EXPECT_EQ(reason(deleting, now), Reason::ERROR_REASON_CLAIM_WRONG_STATE);
}

}  // namespace
}  // namespace berth::port
