#include "common/kube/work_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "tests/common/kube/fake_clock.h"

namespace berth::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

/// Handles keys as the test says and keeps a record of them.
class Handler {
 public:
  WorkQueue::Handler Function() {
    return [this](const std::string& key, const std::stop_token& stop) { return Run(key, stop); };
  }

  /// Handlers wait until it is opened.
  void Close() {
    MutexLock lock(mutex_);
    open_ = false;
  }
  void Open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.NotifyAll();
  }
  void Answer(WorkQueue::Outcome outcome) {
    MutexLock lock(mutex_);
    code_ = outcome.status().code();
    again_ = outcome.ok() ? *outcome : std::nullopt;
  }
  /// Returns once this many handlers have begun, in all.
  void AwaitBegun(std::size_t count) {
    MutexLock lock(mutex_);
    while (begun_.size() < count) changed_.Wait(mutex_);
  }
  void AwaitDone(std::size_t count) {
    MutexLock lock(mutex_);
    while (done_ < count) changed_.Wait(mutex_);
  }
  std::vector<std::string> begun() const {
    MutexLock lock(mutex_);
    return begun_;
  }
  bool overlapped() const {
    MutexLock lock(mutex_);
    return overlapped_;
  }

 private:
  WorkQueue::Outcome Run(const std::string& key, const std::stop_token& stop) {
    const std::stop_callback on_stop(stop, [this] {
      MutexLock lock(mutex_);
      changed_.NotifyAll();
    });
    MutexLock lock(mutex_);
    begun_.push_back(key);
    if (std::count(running_.begin(), running_.end(), key) > 0) overlapped_ = true;
    running_.push_back(key);
    changed_.NotifyAll();
    while (!open_ && !stop.stop_requested()) changed_.Wait(mutex_);
    running_.erase(std::find(running_.begin(), running_.end(), key));
    ++done_;
    changed_.NotifyAll();
    if (code_ != absl::StatusCode::kOk) return absl::Status(code_, "told to fail");
    return again_;
  }

  mutable Mutex mutex_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mutex_) = true;
  std::vector<std::string> begun_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> running_ ABSL_GUARDED_BY(mutex_);
  std::size_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  bool overlapped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::StatusCode code_ ABSL_GUARDED_BY(mutex_) = absl::StatusCode::kOk;
  std::optional<milliseconds> again_ ABSL_GUARDED_BY(mutex_);
};

TEST(WorkQueueTest, RunsEachKeyOnceHoweverOftenItWasAdded) {
  Handler handler;
  FakeClock clock;
  WorkQueue queue({.name = "test"}, handler.Function(), clock);
  queue.Add("a");
  queue.Add("b");
  queue.Add("a");
  EXPECT_EQ(queue.size(), 2U);
  queue.Start();
  handler.AwaitDone(2);
  queue.Stop();
  EXPECT_THAT(handler.begun(), UnorderedElementsAre("a", "b"));
}

TEST(WorkQueueTest, RunsAKeyAgainThatWasAddedWhileItRan) {
  Handler handler;
  FakeClock clock;
  handler.Close();
  WorkQueue queue({.name = "test", .workers = 4}, handler.Function(), clock);
  queue.Start();
  queue.Add("a");
  handler.AwaitBegun(1);
  EXPECT_FALSE(queue.WasAddedMeanwhile("a"));
  queue.Add("a");
  EXPECT_TRUE(queue.WasAddedMeanwhile("a"));
  queue.Add("b");
  handler.AwaitBegun(2);
  EXPECT_THAT(handler.begun(), ElementsAre("a", "b"));
  handler.Open();
  handler.AwaitDone(3);
  EXPECT_THAT(handler.begun(), ElementsAre("a", "b", "a"));
  EXPECT_FALSE(handler.overlapped());
}

TEST(WorkQueueTest, WaitsForTheDelayAndTakesTheEarlierOfTwo) {
  Handler handler;
  FakeClock clock;
  WorkQueue queue({.name = "test"}, handler.Function(), clock);
  queue.AddAfter("a", seconds(10));
  queue.AddAfter("a", seconds(5));
  queue.AddAfter("a", seconds(20));
  queue.Start();
  clock.AwaitWaiters(1);
  clock.Advance(milliseconds(4999));
  clock.AwaitWaiters(1);
  EXPECT_THAT(handler.begun(), ElementsAre());
  clock.Advance(milliseconds(1));
  handler.AwaitDone(1);
  queue.Stop();
  EXPECT_THAT(handler.begun(), ElementsAre("a"));
}

TEST(WorkQueueTest, ComesBackAfterTheTimeTheHandlerNamed) {
  Handler handler;
  FakeClock clock;
  handler.Answer(std::optional<milliseconds>(seconds(30)));
  WorkQueue queue({.name = "test"}, handler.Function(), clock);
  queue.Add("a");
  queue.Start();
  clock.AwaitWaiters(1);
  EXPECT_EQ(queue.size(), 1U);
  handler.Answer(std::nullopt);
  clock.Advance(seconds(30));
  handler.AwaitDone(2);
  queue.Stop();
}

TEST(WorkQueueTest, BacksOffPerKeyAndForgetsFailuresAfterASuccess) {
  Handler handler;
  FakeClock clock;
  std::vector<std::string> errors;
  handler.Answer(absl::UnavailableError("no"));
  WorkQueue queue(
      {.name = "test",
       .min_backoff = seconds(1),
       .max_backoff = seconds(2),
       .on_error = [&](const std::string& key, const absl::Status&) { errors.push_back(key); }},
      handler.Function(), clock);
  queue.Add("a");
  queue.Start();
  clock.AwaitWaiters(1);
  clock.Advance(milliseconds(499));  // the first wait is 0.5 s to 1 s
  clock.AwaitWaiters(1);
  EXPECT_THAT(handler.begun(), ElementsAre("a"));
  clock.Advance(milliseconds(501));
  handler.AwaitDone(2);
  clock.AwaitWaiters(1);
  clock.Advance(milliseconds(999));  // the second 1 s to 2 s
  clock.AwaitWaiters(1);
  EXPECT_THAT(handler.begun(), ElementsAre("a", "a"));
  handler.Answer(std::nullopt);
  clock.Advance(milliseconds(1001));
  handler.AwaitDone(3);
  queue.Stop();
  EXPECT_THAT(errors, ElementsAre("a", "a"));
  EXPECT_EQ(queue.size(), 0U);
}

TEST(WorkQueueTest, StopsHandlersThatRunAndDropsWhatWaits) {
  Handler handler;
  FakeClock clock;
  handler.Close();
  WorkQueue queue({.name = "test"}, handler.Function(), clock);
  queue.Start();
  queue.Add("a");
  handler.AwaitBegun(1);
  queue.Add("b");
  queue.Stop();
  EXPECT_THAT(handler.begun(), ElementsAre("a"));
}

}  // namespace
}  // namespace berth::kube
