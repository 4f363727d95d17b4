#include "port-service/domain/lost_claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class LostClaimsTest : public testing::Test {
 protected:
  LostClaimsTest() {
    claim_.uid = "u1";
    claim_.resource_version = "7";
  }

  LostClaims::TimePoint now_{seconds(1000)};
  Claim claim_ = TestClaim(ClaimState::kBound);
  LostClaims lost_{seconds(30)};
};

TEST_F(LostClaimsTest, NeedsTwoSightingsThatAreFarEnoughApart) {
  EXPECT_THAT(lost_.Confirm({claim_}, now_), IsEmpty());
  EXPECT_THAT(lost_.Confirm({claim_}, now_ + seconds(29)), IsEmpty());
  EXPECT_THAT(lost_.Confirm({claim_}, now_ + seconds(30)), ElementsAre(claim_));
}

TEST_F(LostClaimsTest, BeginsAnewWhenTheRuleWasSeenInBetween) {
  EXPECT_THAT(lost_.Confirm({claim_}, now_), IsEmpty());
  EXPECT_THAT(lost_.Confirm({}, now_ + seconds(30)), IsEmpty());
  EXPECT_THAT(lost_.Confirm({claim_}, now_ + seconds(60)), IsEmpty());
  EXPECT_THAT(lost_.Confirm({claim_}, now_ + seconds(90)), ElementsAre(claim_));
}

TEST_F(LostClaimsTest, BeginsAnewWhenTheClaimChanged) {
  EXPECT_THAT(lost_.Confirm({claim_}, now_), IsEmpty());
  claim_.resource_version = "8";
  EXPECT_THAT(lost_.Confirm({claim_}, now_ + seconds(30)), IsEmpty());
}

TEST(RemovalLimitTest, IsFiveOrATenth) {
  EXPECT_EQ(RemovalLimit(0), 5u);
  EXPECT_EQ(RemovalLimit(50), 5u);
  EXPECT_EQ(RemovalLimit(1000), 100u);
}

}  // namespace
}  // namespace berth::port
