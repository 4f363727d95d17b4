#include "ingress-service/domain/confirmed_rules.h"

#include <gtest/gtest.h>

#include <chrono>

namespace berth::ingress {
namespace {

class FakeClock : public kube::Clock {
 public:
  TimePoint now{};
  TimePoint Now() const override { return now; }
  void WaitUntil(Mutex&, CondVar&, TimePoint) override {}
};

TEST(ConfirmedRulesTest, KnowsARuleForTenMinutesAtLeastAndTwentyAtTheMost) {
  FakeClock clock;
  ConfirmedRules rules(clock);
  clock.now += std::chrono::minutes(9);
  rules.Add("a");
  EXPECT_EQ(rules.version(), 1U);
  clock.now += std::chrono::minutes(9);
  rules.Add("b");
  EXPECT_TRUE(rules.Contains("a"));
  EXPECT_TRUE(rules.Contains("b"));
  clock.now += std::chrono::minutes(11);
  rules.Add("c");
  EXPECT_FALSE(rules.Contains("a"));
  EXPECT_TRUE(rules.Contains("b"));
}

}  // namespace
}  // namespace berth::ingress
