#include "common/operation/lease_observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::operation {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Sighting = LeaseObserver::Sighting;

const LeaseObserver::TimePoint kStart{};

TEST(LeaseObserverTest, SuspectsALeaseUnchangedForItsDuration) {
  LeaseObserver observer(seconds(15));
  const Sighting lease{"a", "u", "1"};
  EXPECT_THAT(observer.Observe({lease}, kStart), IsEmpty());
  EXPECT_THAT(observer.Observe({lease}, kStart + seconds(14)), IsEmpty());
  EXPECT_THAT(observer.Observe({lease}, kStart + seconds(15)), ElementsAre(lease));
}

TEST(LeaseObserverTest, BeginsAnewWithEachRenewal) {
  LeaseObserver observer(seconds(15));
  observer.Observe({{"a", "u", "1"}}, kStart);
  observer.Observe({{"a", "u", "2"}}, kStart + seconds(10));
  EXPECT_THAT(observer.Observe({{"a", "u", "2"}}, kStart + seconds(24)), IsEmpty());
  EXPECT_THAT(observer.Observe({{"a", "u", "2"}}, kStart + seconds(25)),
              ElementsAre(Sighting{"a", "u", "2"}));
}

TEST(LeaseObserverTest, TakesARecreatedLeaseForANewOne) {
  LeaseObserver observer(seconds(15));
  observer.Observe({{"a", "u1", "1"}}, kStart);
  EXPECT_THAT(observer.Observe({{"a", "u2", "1"}}, kStart + seconds(20)), IsEmpty());
}

TEST(LeaseObserverTest, ForgetsLeasesThatAreGone) {
  LeaseObserver observer(seconds(15));
  observer.Observe({{"a", "u", "1"}}, kStart);
  observer.Observe({}, kStart + seconds(1));
  EXPECT_THAT(observer.Observe({{"a", "u", "1"}}, kStart + seconds(16)), IsEmpty());
}

}  // namespace
}  // namespace berth::operation
