#include "ingress-service/domain/confirmed_rules.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/ingress-service/fake_cluster.h"

namespace berth::ingress {
namespace {

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
