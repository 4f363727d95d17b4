#include "gateway/domain/orphans.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using std::chrono::seconds;
using TimePoint = OrphanSightings::TimePoint;

HeldItem ItemOf(int number, std::string pool = "edge") {
  const std::string name = pool + ".tcp." + std::to_string(number);
  return {.exposure = {.key = testing::Key(), .uid = "gone"},
          .pool = std::move(pool),
          .name = name,
          .claim_uid = "uid-" + name};
}

std::vector<HeldItem> ItemsOf(int count) {
  std::vector<HeldItem> items;
  for (int i = 0; i < count; ++i) {
    items.push_back(ItemOf(20000 + i));
  }
  return items;
}

TEST(OrphanSightingsTest, TwoSightingsThirtySecondsApartMakeAnOrphan) {
  OrphanSightings sightings;
  const TimePoint start;
  EXPECT_TRUE(sightings.Ripe({ItemOf(20000)}, start).empty());
  EXPECT_TRUE(sightings.Ripe({ItemOf(20000)}, start + seconds(29)).empty());
  EXPECT_EQ(sightings.Ripe({ItemOf(20000)}, start + seconds(30)).size(), 1u);
}

TEST(OrphanSightingsTest, AnExposureThatWasThereInBetweenStartsOver) {
  OrphanSightings sightings;
  const TimePoint start;
  (void)sightings.Ripe({ItemOf(20000)}, start);
  (void)sightings.Ripe({}, start + seconds(15));
  EXPECT_TRUE(sightings.Ripe({ItemOf(20000)}, start + seconds(40)).empty());
}

TEST(BrakeTest, AFewMayAlwaysGo) {
  EXPECT_EQ(ApplyBrake(ItemsOf(5), {{"edge", 5}}, {}).removable.size(), 5u);
}

TEST(BrakeTest, ManyAtOnceStopTheWholePool) {
  std::vector<HeldItem> ripe = ItemsOf(6);
  ripe.push_back(ItemOf(1, "other"));
  const Brake brake = ApplyBrake(ripe, {{"edge", 50}, {"other", 1}}, {});
  ASSERT_EQ(brake.removable.size(), 1u);
  EXPECT_EQ(brake.removable[0].pool, "other");
  EXPECT_EQ(brake.stopped.at("edge"), 6);
}

TEST(BrakeTest, ATenthOfALargePoolMayGo) {
  EXPECT_EQ(ApplyBrake(ItemsOf(6), {{"edge", 60}}, {}).removable.size(), 6u);
}

TEST(BrakeTest, OnlyTheApprovedCountMayGo) {
  EXPECT_TRUE(ApplyBrake(ItemsOf(6), {{"edge", 6}}, {{"edge", 7}}).removable.empty());
  EXPECT_EQ(ApplyBrake(ItemsOf(6), {{"edge", 6}}, {{"edge", 6}}).removable.size(), 6u);
}

TEST(BrakeTest, AClaimAndItsRuleCountOnce) {
  std::vector<HeldItem> ripe = ItemsOf(5);
  std::vector<HeldItem> rules = ItemsOf(5);
  ripe.insert(ripe.end(), rules.begin(), rules.end());
  EXPECT_TRUE(ApplyBrake(ripe, {{"edge", 5}}, {}).stopped.empty());
}

}  // namespace
}  // namespace berth::gateway
