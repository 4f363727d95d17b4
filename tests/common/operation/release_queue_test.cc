#include "common/operation/release_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/status/status.h"

namespace berth::operation {
namespace {

using testing::ElementsAre;

TEST(ReleaseQueueTest, KeepsTheOrderOfArrival) {
  std::vector<std::string> queue = *Appended({}, "a");
  queue = *Appended(queue, "b");
  EXPECT_THAT(queue, ElementsAre("a", "b"));
  EXPECT_EQ(PositionOf(queue, "a"), 1);
  EXPECT_EQ(PositionOf(queue, "b"), 2);
  EXPECT_EQ(PositionOf(queue, "c"), 0);
}

TEST(ReleaseQueueTest, TakesAnOperationOnce) {
  EXPECT_THAT(*Appended({"a", "b"}, "a"), ElementsAre("a", "b"));
}

TEST(ReleaseQueueTest, RefusesTheHundredAndFirst) {
  std::vector<std::string> queue;
  for (int i = 0; i < 100; ++i) queue = *Appended(queue, std::to_string(i));
  EXPECT_EQ(ReasonOf(Appended(queue, "new").status()), Reason::ERROR_REASON_QUEUE_FULL);
  EXPECT_TRUE(Appended(queue, "99").ok());
}

TEST(ReleaseQueueTest, RemovesFromAnywhere) {
  EXPECT_THAT(Without({"a", "b", "c"}, "b"), ElementsAre("a", "c"));
  EXPECT_THAT(Without({"a"}, "x"), ElementsAre("a"));
}

TEST(ReleaseQueueTest, ReadsAQueueObject) {
  EXPECT_THAT(OperationsOf(kube::Json::parse(R"({"spec":{"operations":["a","b"]}})")),
              ElementsAre("a", "b"));
  EXPECT_THAT(OperationsOf(kube::Json::parse(R"({"spec":{"operations":7}})")), ElementsAre());
}

}  // namespace
}  // namespace berth::operation
