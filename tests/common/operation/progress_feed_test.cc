#include "common/operation/progress_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

namespace berth::operation {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class ProgressFeedTest : public testing::Test {
 protected:
  std::optional<v1::OperationUpdate> NextUpdate() {
    std::optional<WatchEvent> event = feed_.Next(cursor_);
    if (!event || !std::holds_alternative<v1::OperationUpdate>(*event)) return std::nullopt;
    return std::get<v1::OperationUpdate>(*event);
  }

  std::vector<milliseconds> wakes_;
  ProgressFeed feed_{{.operation = "op-1",
                      .wake = [this](milliseconds within) { wakes_.push_back(within); },
                      .now = [] { return kube::Time(std::chrono::seconds(7)); }},
                     UpdateRing(0, 1000, {})};
  UpdateRing::Cursor cursor_;
};

TEST_F(ProgressFeedTest, StampsUpdates) {
  feed_.Line("helm", v1::OutputLine::STREAM_STDERR, "hello");
  const auto update = NextUpdate();
  ASSERT_TRUE(update);
  EXPECT_EQ(update->operation(), "op-1");
  EXPECT_EQ(update->sequence(), 1);
  EXPECT_EQ(update->time().seconds(), 7);
  EXPECT_EQ(update->line().text(), "hello");
}

TEST_F(ProgressFeedTest, PublishesAPhaseOnce) {
  feed_.Phase("INSTALLING", "web 1/3");
  feed_.Phase("INSTALLING", "web 1/3");
  feed_.Phase("INSTALLING", "web 2/3");
  EXPECT_EQ(feed_.TakeSnapshot().phases.size(), 2u);
  EXPECT_EQ(feed_.TakeSnapshot().revision, 2);
}

TEST_F(ProgressFeedTest, AsksForAPhaseToBeRecordedWithinASecond) {
  feed_.Phase("INSTALLING", "");
  EXPECT_THAT(wakes_, ElementsAre(milliseconds(1000)));
}

TEST_F(ProgressFeedTest, DoesNotWakeForLines) {
  feed_.Line("helm", v1::OutputLine::STREAM_STDOUT, "x");
  EXPECT_TRUE(wakes_.empty());
}

TEST_F(ProgressFeedTest, AsksForNumbersOnceHalfOfTheBlockIsUsed) {
  for (int i = 0; i < 600; ++i) feed_.Line("helm", v1::OutputLine::STREAM_STDOUT, "x");
  EXPECT_THAT(wakes_, ElementsAre(milliseconds(0)));
}

TEST_F(ProgressFeedTest, TellsAPlaceInTheQueueWhenItChanges) {
  feed_.Queued(2, "op-0");
  feed_.Queued(2, "op-0");
  feed_.Queued(1, "op-1");
  EXPECT_EQ(NextUpdate()->queued().position(), 2);
  EXPECT_EQ(NextUpdate()->queued().position(), 1);
  EXPECT_FALSE(NextUpdate());
}

TEST_F(ProgressFeedTest, CallsReadersUntilTheyLetGo) {
  int calls = 0;
  std::shared_ptr<void> reader = feed_.AddReader([&] { ++calls; });
  feed_.Line("helm", v1::OutputLine::STREAM_STDOUT, "x");
  EXPECT_EQ(calls, 1);
  reader.reset();
  feed_.Line("helm", v1::OutputLine::STREAM_STDOUT, "y");
  EXPECT_EQ(calls, 1);
}

TEST_F(ProgressFeedTest, EndsAfterTheLastUpdate) {
  feed_.Line("helm", v1::OutputLine::STREAM_STDOUT, "last");
  feed_.End(Ended{absl::AbortedError("x")});
  feed_.Line("helm", v1::OutputLine::STREAM_STDOUT, "too late");
  feed_.Wake();
  EXPECT_EQ(NextUpdate()->line().text(), "last");
  const std::optional<WatchEvent> end = feed_.Next(cursor_);
  ASSERT_TRUE(end && std::holds_alternative<Ended>(*end));
  EXPECT_TRUE(wakes_.empty());
}

TEST_F(ProgressFeedTest, PublishesUpdatesOfAnyKindAsItsOwn) {
  v1::OperationUpdate update;
  update.set_operation("another");
  update.set_sequence(99);
  update.mutable_object()->set_message("1 of 3 replicas ready\xFF" + std::string(9000, 'x'));
  feed_.Publish(update);
  const auto published = NextUpdate();
  ASSERT_TRUE(published);
  EXPECT_EQ(published->operation(), "op-1");
  EXPECT_EQ(published->sequence(), 1);
  EXPECT_THAT(published->object().message(),
              testing::StartsWith("1 of 3 replicas ready\xEF\xBF\xBD"));
  EXPECT_LE(published->object().message().size(), 8192u);
  EXPECT_TRUE(wakes_.empty());
}

TEST_F(ProgressFeedTest, CleansAndCutsLines) {
  feed_.Line("helm", v1::OutputLine::STREAM_STDOUT, std::string(9000, 'x') + "\xFF");
  EXPECT_LE(NextUpdate()->line().text().size(), 8192u);
}

}  // namespace
}  // namespace berth::operation
