#include "common/operation/live_operations.h"

#include <gtest/gtest.h>

#include <thread>
#include <utility>

#include "common/status/status.h"

namespace berth::operation {
namespace {

LiveOperations::Entry NewEntry() {
  return {.runner = nullptr,
          .feed = std::make_shared<ProgressFeed>(
              ProgressFeed::Options{.operation = "op", .wake = nullptr, .now = nullptr},
              UpdateRing(0, 1000, {}))};
}

class LiveOperationsTest : public testing::Test {
 protected:
  void Begin(const std::string& name, std::size_t input_bytes = 1) {
    auto place = live_.Reserve(name, input_bytes);
    ASSERT_TRUE(place.ok() && place->has_value());
    live_.Add(**std::move(place), NewEntry());
  }

  LiveOperations live_{{.operations = 2, .input_bytes = 100}};
};

TEST_F(LiveOperationsTest, GivesNoPlaceToAnOperationThatLives) {
  Begin("a");
  EXPECT_FALSE(live_.Reserve("a", 1)->has_value());
  EXPECT_FALSE(live_.ReserveForTakeover("a").has_value());
  EXPECT_TRUE(live_.Contains("a"));
}

TEST_F(LiveOperationsTest, TakesAPlaceBackThatWasNotFilled) {
  { const auto place = live_.Reserve("a", 100); }
  EXPECT_FALSE(live_.Contains("a"));
  EXPECT_TRUE(live_.Reserve("b", 100).ok());
}

TEST_F(LiveOperationsTest, LetsTheSecondWaitForTheFirst) {
  auto first = live_.Reserve("a", 1);
  std::optional<bool> got_place;
  std::jthread second([&] { got_place = live_.Reserve("a", 1)->has_value(); });
  live_.Add(**std::move(first), NewEntry());
  second.join();
  EXPECT_EQ(got_place, false);
}

TEST_F(LiveOperationsTest, IsBoundedInOperations) {
  Begin("a");
  Begin("b");
  EXPECT_EQ(ReasonOf(live_.Reserve("c", 1).status()), Reason::ERROR_REASON_QUEUE_FULL);
  EXPECT_TRUE(live_.ReserveForTakeover("c").has_value());
  live_.Finish("a", false);
  EXPECT_TRUE(live_.Reserve("c", 1).ok());
}

TEST_F(LiveOperationsTest, IsBoundedInBytesOfRequests) {
  Begin("a", 60);
  EXPECT_EQ(ReasonOf(live_.Reserve("b", 41).status()), Reason::ERROR_REASON_QUEUE_FULL);
  EXPECT_TRUE(live_.Reserve("b", 40).ok());
}

TEST_F(LiveOperationsTest, KeepsTheFeedsOfTheLastThatEnded) {
  for (int i = 0; i < 40; ++i) {
    Begin(std::to_string(i));
    live_.Finish(std::to_string(i), true);
  }
  EXPECT_EQ(live_.FindFeed("7"), nullptr);
  EXPECT_NE(live_.FindFeed("8"), nullptr);
  EXPECT_NE(live_.FindFeed("39"), nullptr);
  live_.Forget("39");
  EXPECT_EQ(live_.FindFeed("39"), nullptr);
}

TEST_F(LiveOperationsTest, KeepsNoFeedOfAnOperationThatGoesOnElsewhere) {
  Begin("a");
  live_.Finish("a", false);
  EXPECT_EQ(live_.FindFeed("a"), nullptr);
}

TEST_F(LiveOperationsTest, SaysWhenItIsEmpty) {
  EXPECT_TRUE(live_.WaitUntilEmpty(std::chrono::steady_clock::now()));
  Begin("a");
  EXPECT_FALSE(live_.WaitUntilEmpty(std::chrono::steady_clock::now()));
}

}  // namespace
}  // namespace berth::operation
