#include "port-service/adapters/pool_status.h"

#include <gtest/gtest.h>

#include "common/kube/object.h"
#include "common/status/status.h"
#include "tests/port-service/domain/fake_store.h"

namespace berth::port {
namespace {

using kube::Json;

const kube::Time kNow = FakeServerClock().now;

Json Object() {
  return {{"metadata", {{"name", "edge"}, {"namespace", "berth"}, {"generation", 2}}}};
}

pool::PoolState State() {
  pool::PoolState state{.pool = TestPool(), .known = true};
  state.load_balancers = {{.ref = state.pool.load_balancers[0], .uid = "lb1"}};
  state.addresses = {*pool::Address::ParseIp("10.0.0.1")};
  return state;
}

TEST(PoolStatusTest, WritesAddressesLoadBalancersAndReadiness) {
  Json object = Object();
  EXPECT_TRUE(SetPoolStatus(object, State(), {}, kNow));
  EXPECT_EQ(object["status"]["addresses"], Json::array({{{"ip", "10.0.0.1"}}}));
  EXPECT_EQ(object["status"]["loadBalancers"][0]["uid"], "lb1");
  EXPECT_EQ(object["status"]["observedGeneration"], 2);
  EXPECT_TRUE(kube::IsConditionTrue(object, "Ready"));
}

TEST(PoolStatusTest, WritesNothingTwice) {
  Json object = Object();
  SetPoolStatus(object, State(), {}, kNow);
  EXPECT_FALSE(SetPoolStatus(object, State(), {}, kNow + std::chrono::hours(1)));
}

TEST(PoolStatusTest, SaysWhyAPoolIsNotReadyByTheReasonsTwin) {
  pool::PoolState state = State();
  state.usable = Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOLS_OVERLAP,
                       "pools share an address");
  Json object = Object();
  SetPoolStatus(object, state, {}, kNow);
  const auto condition = kube::GetCondition(object, "Ready");
  EXPECT_EQ(condition->status, kube::ConditionStatus::kFalse);
  EXPECT_EQ(condition->reason, "PoolsOverlap");
  EXPECT_EQ(condition->message, "pools share an address");
}

TEST(PoolStatusTest, KeepsTheLastAddressesOfAPoolWhoseSpecCannotBeUsed) {
  Json object = Object();
  SetPoolStatus(object, State(), {}, kNow);
  const absl::Status problem =
      Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_NOT_READY, "bad spec");
  EXPECT_TRUE(SetPoolStatus(object, problem, {}, kNow));
  EXPECT_EQ(object["status"]["addresses"].size(), 1u);
  EXPECT_EQ(kube::GetCondition(object, "Ready")->reason, "PoolNotReady");
}

TEST(PoolStatusTest, KeepsALoadBalancerThatWasTakenOutAndStillCarriesRules) {
  Json object = Object();
  object["status"]["loadBalancers"] =
      Json::array({{{"kind", "Service"}, {"namespace", "ingress"}, {"name", "old"}, {"uid", "lb0"}},
                   {{"kind", "Gateway"}, {"namespace", "infra"}, {"name", "older"}},
                   {{"kind", "Service"}, {"namespace", "ingress"}, {"name", "controller"}}});
  auto former = FormerLoadBalancers(object, TestPool());
  ASSERT_EQ(former.size(), 2u);
  EXPECT_EQ(former[0].ToString(), "Service ingress/old");
  EXPECT_EQ(former[1].ToString(), "Gateway infra/older");
  former.pop_back();
  SetPoolStatus(object, State(), former, kNow);
  EXPECT_EQ(object["status"]["loadBalancers"].size(), 2u);
  EXPECT_EQ(object["status"]["loadBalancers"][1]["uid"], "lb0");
  SetPoolStatus(object, State(), {}, kNow);
  EXPECT_EQ(object["status"]["loadBalancers"].size(), 1u) << "its rules are withdrawn";
}

}  // namespace
}  // namespace berth::port
