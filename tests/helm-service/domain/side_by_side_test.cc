#include "helm-service/domain/side_by_side.h"

#include <atomic>
#include <cstddef>
#include <latch>
#include <vector>

#include "common/kube/clock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

class SideBySideTest : public ::testing::Test {
 protected:
  ~SideBySideTest() override { helpers_.Stop(); }

  operation::Executor helpers_{"helpers", 3, kube::RealClock()};
};

TEST_F(SideBySideTest, CallsEachNumberOnce) {
  helpers_.Start();
  std::vector<std::atomic<int>> calls(100);
  RunSideBySide(helpers_, calls.size(), 8, [&](std::size_t number) { ++calls[number]; });
  for (const std::atomic<int>& count : calls) EXPECT_EQ(count, 1);
}

TEST_F(SideBySideTest, CallsSideBySide) {
  helpers_.Start();
  std::latch together(4);
  RunSideBySide(helpers_, 4, 8, [&](std::size_t) { together.arrive_and_wait(); });
  EXPECT_TRUE(together.try_wait());
}

TEST_F(SideBySideTest, KeepsToItsWidth) {
  helpers_.Start();
  std::atomic<int> at_work = 0;
  std::atomic<int> most = 0;
  RunSideBySide(helpers_, 1000, 2, [&](std::size_t) {
    const int now = ++at_work;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    --at_work;
  });
  EXPECT_LE(most, 2);
}

TEST_F(SideBySideTest, NeedsNoHelper) {
  int calls = 0;
  RunSideBySide(helpers_, 5, 8, [&](std::size_t) { ++calls; });
  EXPECT_EQ(calls, 5);
  RunSideBySide(helpers_, 0, 8, [&](std::size_t) { ++calls; });
  EXPECT_EQ(calls, 5);
}

}  // namespace
}  // namespace berth::helm
