#include "common/grpc/stop_signal.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

namespace berth::rpc {
namespace {

TEST(StopSignalTest, NamesTheSignalThatCame) {
  StopSignal stop;
  raise(SIGTERM);  // blocked here, and so for the process if it came from outside
  EXPECT_EQ(stop.Wait().reason, "SIGTERM");
  raise(SIGINT);
  const Stop second = stop.Wait();
  EXPECT_EQ(second.reason, "SIGINT");
  EXPECT_EQ(second.urgency, Stop::Urgency::kDrain);
}

TEST(StopSignalTest, TheProcessCanAskForItsOwnStop) {
  StopSignal stop;
  std::jthread asker(
      [&] { stop.Request({.reason = "lease lost", .urgency = Stop::Urgency::kNow}); });
  const Stop asked = stop.Wait();
  EXPECT_EQ(asked.reason, "lease lost");
  EXPECT_EQ(asked.urgency, Stop::Urgency::kNow);
}

TEST(StopSignalTest, TheFirstRequestCountsUnlessALaterOneIsMoreUrgent) {
  StopSignal stop;
  stop.Request({.reason = "first"});
  stop.Request({.reason = "second"});
  EXPECT_EQ(stop.Wait().reason, "first");
  stop.Request({.reason = "third", .urgency = Stop::Urgency::kNow});
  stop.Request({.reason = "fourth", .urgency = Stop::Urgency::kNow});
  EXPECT_EQ(stop.Wait().reason, "third");
}

}  // namespace
}  // namespace berth::rpc
