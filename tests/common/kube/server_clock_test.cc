#include "common/kube/server_clock.h"

#include <gtest/gtest.h>

#include "tests/common/kube/fake_clock.h"

namespace berth::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Time kNoon = *ParseTime("2026-01-02T12:00:00Z");

milliseconds Distance(Time a, Time b) {
  return std::chrono::abs(std::chrono::duration_cast<milliseconds>(a - b));
}

TEST(ServerClockTest, KnowsNothingBeforeTheFirstSample) {
  FakeClock clock;
  EXPECT_FALSE(ServerClock(clock).Read().has_value());
}

TEST(ServerClockTest, RunsOnFromItsSampleAndTellsItsAge) {
  FakeClock clock;
  ServerClock server(clock);
  server.AddSample(kNoon, clock.Now(), clock.Now());
  clock.Advance(seconds(90));
  const auto reading = server.Read();
  ASSERT_TRUE(reading.has_value());
  EXPECT_EQ(reading->sample_age, seconds(90));
  EXPECT_LE(Distance(reading->now, kNoon + seconds(90)), milliseconds(500));
}

TEST(ServerClockTest, TakesTheMiddleOfTheRoundTripAndOfTheSecond) {
  FakeClock clock;
  ServerClock server(clock);
  const auto sent = clock.Now();
  clock.Advance(seconds(4));
  server.AddSample(kNoon, sent, clock.Now());
  EXPECT_EQ(server.Read()->now, kNoon + seconds(2) + milliseconds(500));
}

TEST(ServerClockTest, SmoothsNoiseButFollowsAJumpAtOnce) {
  FakeClock clock;
  ServerClock server(clock);
  server.AddSample(kNoon, clock.Now(), clock.Now());
  const Time before = server.Read()->now;
  server.AddSample(kNoon + seconds(1), clock.Now(), clock.Now());
  EXPECT_LE(Distance(server.Read()->now, before), milliseconds(150));
  server.AddSample(kNoon - std::chrono::hours(1), clock.Now(), clock.Now());
  EXPECT_LE(Distance(server.Read()->now, kNoon - std::chrono::hours(1)), milliseconds(500));
}

}  // namespace
}  // namespace berth::kube
