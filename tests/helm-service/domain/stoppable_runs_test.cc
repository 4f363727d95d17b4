#include "helm-service/domain/stoppable_runs.h"

#include <chrono>
#include <memory>
#include <thread>

#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using std::chrono::hours;
using std::chrono::steady_clock;

TEST(StoppableRunsTest, WakesMembersAndWaitsUntilTheyHaveLeft) {
  StoppableRuns runs;
  std::unique_ptr<StoppableRuns::Member> member;
  std::jthread leaver;
  member = runs.Join([&] { leaver = std::jthread([&] { member.reset(); }); });
  EXPECT_FALSE(runs.stopping());
  runs.StopAll(steady_clock::now() + hours(1));
  EXPECT_TRUE(runs.stopping());
  leaver.join();
  EXPECT_EQ(member, nullptr);
}

TEST(StoppableRunsTest, WaitsForNoneOfThemBeyondTheDeadline) {
  StoppableRuns runs;
  int wakes = 0;
  const auto member = runs.Join([&] { ++wakes; });
  runs.StopAll(steady_clock::now());
  EXPECT_EQ(wakes, 1);
}

TEST(StoppableRunsTest, StopsWaitingWhenItIsAbandoned) {
  StoppableRuns runs;
  std::jthread abandoner;
  const auto member = runs.Join([&] { abandoner = std::jthread([&] { runs.Abandon(); }); });
  runs.StopAll(steady_clock::now() + hours(1));
  abandoner.join();
  EXPECT_TRUE(runs.abandoned());
}

TEST(StoppableRunsTest, TellsNobodyToStopOnceAbandoned) {
  StoppableRuns runs;
  int wakes = 0;
  const auto member = runs.Join([&] { ++wakes; });
  runs.Abandon();
  runs.StopAll(steady_clock::now() + hours(1));
  EXPECT_EQ(wakes, 0);
  EXPECT_FALSE(runs.stopping());
}

}  // namespace
}  // namespace berth::helm
