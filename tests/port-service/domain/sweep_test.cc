#include "port-service/domain/sweep.h"

#include <gtest/gtest.h>

#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class SweepTest : public testing::Test {
 protected:
  SweepTest() { UsePool(pool::Driver::kLoadBalancer); }

  void UsePool(pool::Driver driver) {
    pool::Pool pool = TestPool();
    pool.driver = driver;
    cluster_.Put(pool);
  }
  milliseconds Until(seconds after_begin) {
    const auto until = UntilSwept(cluster_, claim_, start_ + after_begin);
    EXPECT_TRUE(until.ok()) << until.status();
    return until.value_or(milliseconds(-1));
  }

  FakeCluster cluster_;
  Claim claim_ = TestClaim(ClaimState::kQuarantined);
  const kube::Time start_ = FakeServerClock().now;
};

TEST_F(SweepTest, CountsNoListThatALateWriteMayStillEscape) {
  EXPECT_EQ(Until(seconds(0)), seconds(35));
  EXPECT_EQ(Until(seconds(34)), seconds(1));
  EXPECT_EQ(cluster_.lists, 0);
  EXPECT_EQ(Until(seconds(35)), milliseconds(0));
  EXPECT_EQ(cluster_.lists, 1);
}

TEST_F(SweepTest, WaitsForWhatIsLeft) {
  cluster_.objects.insert(claim_.uid);
  EXPECT_GT(Until(minutes(10)), milliseconds(0));
  cluster_.objects.clear();
  EXPECT_EQ(Until(minutes(10)), milliseconds(0));
}

TEST_F(SweepTest, ConcludesNothingFromAnError) {
  cluster_.list_error = absl::UnavailableError("down");
  EXPECT_EQ(UntilSwept(cluster_, claim_, start_ + minutes(10)).status(), cluster_.list_error);
}

TEST_F(SweepTest, CountsFromTheEndWhereNobodyWroteTheBeginning) {
  claim_.quarantine_begin.reset();
  EXPECT_EQ(Until(minutes(5)), seconds(35));
  EXPECT_EQ(Until(minutes(5) + seconds(35)), milliseconds(0));
}

TEST_F(SweepTest, LooksForNothingWhereNothingIsWritten) {
  cluster_.objects.insert(claim_.uid);
  for (const pool::Driver driver : {pool::Driver::kConfigMap, pool::Driver::kHelmValues}) {
    UsePool(driver);
    EXPECT_EQ(Until(seconds(0)), milliseconds(0));
  }
  UsePool(pool::Driver::kGatewayApi);
  EXPECT_GT(Until(minutes(10)), milliseconds(0));
  claim_.ever_bound = false;
  EXPECT_EQ(Until(seconds(0)), milliseconds(0));
}

TEST_F(SweepTest, LooksWhereThePoolIsGoneOrAnotherOne) {
  cluster_.objects.insert(claim_.uid);
  UsePool(pool::Driver::kConfigMap);
  claim_.pool_uid = "former";
  EXPECT_GT(Until(minutes(10)), milliseconds(0));
  cluster_.RemovePool(TestPool().name);
  EXPECT_GT(Until(minutes(10)), milliseconds(0));
}

}  // namespace
}  // namespace berth::port
