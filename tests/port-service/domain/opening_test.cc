#include "port-service/domain/opening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

pool::ClaimName Name(const char* text) { return *pool::ClaimName::Parse(text); }

TEST(OpeningTest, FindsNothingMissingWhereEverythingHasAClaim) {
  pool::PoolState pool{.pool = TestPool()};
  pool.owned.tcp.Insert(pool::Port::Of<20500>());
  EXPECT_THAT(MissingClaims(pool, {{Name("edge.tcp.20500"), std::nullopt}},
                            {Name("edge.tcp.20500"), Name("edge.udp.20501")}),
              IsEmpty());
}

TEST(OpeningTest, MakesABoundClaimForARuleWithoutOne) {
  const pool::ExposureRef exposure{.ns = "shop", .name = "web", .uid = "e1", .generation = 2};
  const std::vector<Claim> missing =
      MissingClaims({.pool = TestPool()}, {{Name("edge.tcp.20500"), exposure}}, {});
  ASSERT_THAT(missing, SizeIs(1));
  EXPECT_EQ(missing[0].name, Name("edge.tcp.20500"));
  EXPECT_EQ(missing[0].state, ClaimState::kBound);
  EXPECT_EQ(missing[0].rule, "edge.tcp.20500");
  EXPECT_EQ(missing[0].pool_uid, "pool-1");
  EXPECT_EQ(missing[0].exposure, exposure);
  EXPECT_TRUE(missing[0].ever_bound);
}

TEST(OpeningTest, MakesABoundClaimForAnOwnedEntryWithoutOne) {
  pool::PoolState pool{.pool = TestPool()};
  pool.owned.udp.Insert(pool::Port::Of<30000>());  // even outside of the range
  const std::vector<Claim> missing = MissingClaims(pool, {}, {Name("edge.tcp.30000")});
  ASSERT_THAT(missing, SizeIs(1));
  EXPECT_EQ(missing[0].name, Name("edge.udp.30000"));
}

TEST(OpeningTest, MakesOneClaimForARuleThatIsOnTheLoadBalancer) {
  pool::PoolState pool{.pool = TestPool()};
  pool.owned.tcp.Insert(pool::Port::Of<20500>());
  EXPECT_THAT(MissingClaims(pool, {{Name("edge.tcp.20500"), std::nullopt}}, {}), SizeIs(1));
}

TEST(OpeningTest, LeavesTheRulesOfOtherPoolsAlone) {
  EXPECT_THAT(MissingClaims({.pool = TestPool()}, {{Name("other.tcp.20500"), std::nullopt}}, {}),
              IsEmpty());
}

}  // namespace
}  // namespace berth::port
