#include "port-service/domain/claim_filter.h"

#include <gtest/gtest.h>

#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

Claim Labelled() {
  Claim claim = TestClaim(ClaimState::kBound);
  claim.labels = {{"team", "shop"}};
  return claim;
}

TEST(ClaimFilterTest, FitsEveryClaimWhenNothingIsSaid) { EXPECT_TRUE(Matches({}, Labelled())); }

TEST(ClaimFilterTest, LooksAtPoolOwnerAndState) {
  EXPECT_TRUE(Matches({.pool = pool::PoolName::Parse("edge").value()}, Labelled()));
  EXPECT_FALSE(Matches({.pool = pool::PoolName::Parse("core").value()}, Labelled()));
  EXPECT_TRUE(Matches({.owner = Owner::Parse("team-a/web").value()}, Labelled()));
  EXPECT_FALSE(Matches({.owner = Owner::Parse("team-a").value()}, Labelled()));
  EXPECT_TRUE(Matches({.states = {ClaimState::kReserved, ClaimState::kBound}}, Labelled()));
  EXPECT_FALSE(Matches({.states = {ClaimState::kReserved}}, Labelled()));
}

TEST(ClaimFilterTest, TakesTheNamespaceThatQuotasCountFor) {
  Claim claim = Labelled();
  EXPECT_TRUE(Matches({.ns = "team-a"}, claim));
  claim.exposure = pool::ExposureRef{.ns = "shop", .name = "web", .uid = "e1"};
  EXPECT_FALSE(Matches({.ns = "team-a"}, claim));
  EXPECT_TRUE(Matches({.ns = "shop"}, claim));
}

TEST(ClaimFilterTest, LooksAtLabels) {
  const auto selects = [](const char* selector) {
    return Matches({.labels = kube::LabelSelector::Parse(selector).value()}, Labelled());
  };
  EXPECT_TRUE(selects("team=shop"));
  EXPECT_TRUE(selects("team in (shop,billing),!legacy"));
  EXPECT_FALSE(selects("team=billing"));
  EXPECT_FALSE(selects("tier"));
}

TEST(ClaimFilterTest, WantsEverythingThatIsSaid) {
  EXPECT_FALSE(Matches({.ns = "team-a", .states = {ClaimState::kReserved}}, Labelled()));
}

}  // namespace
}  // namespace berth::port
