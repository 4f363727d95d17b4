#include "gateway/domain/undeploy_steps.h"

#include <gtest/gtest.h>

#include <variant>

#include "common/status/status.h"
#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using testing::ExposureOf;

UndeployPlan PlanOf() { return {*Namespace::Parse("shop"), *ReleaseName::Parse("web")}; }

template <typename Step>
bool IsNext(const UndeployFacts& facts) {
  return std::holds_alternative<Step>(NextUndeployStep(PlanOf(), facts));
}

TEST(UndeployStepsTest, RemovesTheExposuresFirst) {
  UndeployFacts facts{.operation = {.name = "op-1"}, .exposures = {ExposureOf(), ExposureOf()}};
  facts.exposures[1].being_deleted = true;
  const UndeployStep step = NextUndeployStep(PlanOf(), facts);
  ASSERT_TRUE(std::holds_alternative<RemoveExposures>(step));
  EXPECT_EQ(std::get<RemoveExposures>(step).exposures.size(), 1u);
  facts.exposures[0].being_deleted = true;
  EXPECT_TRUE(IsNext<AwaitExposuresGone>(facts));
  facts.exposures.clear();
  EXPECT_TRUE(IsNext<SendUninstall>(facts));
}

TEST(UndeployStepsTest, EndsAsItsUninstallEnds) {
  UndeployFacts facts{.operation = {.name = "op-1"}};
  facts.uninstall.state = Child::State::kRunning;
  EXPECT_TRUE(IsNext<AwaitUninstall>(facts));
  facts.uninstall.state = Child::State::kSucceeded;
  facts.uninstall.removed = true;
  const UndeployStep step = NextUndeployStep(PlanOf(), facts);
  ASSERT_TRUE(std::holds_alternative<UndeployIsDone>(step));
  EXPECT_TRUE(std::get<UndeployIsDone>(step).removed_release);
  facts.uninstall = {.state = Child::State::kFailed, .error = absl::InternalError("helm")};
  EXPECT_TRUE(IsNext<UndeployFailed>(facts));
}

TEST(UndeployStepsTest, SendsAgainWhatDiedBeforeItsFirstEffect) {
  UndeployFacts facts{.operation = {.name = "op-1"}};
  facts.uninstall = {.state = Child::State::kFailed,
                     .error = Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_INTERRUPTED,
                                    "the replica died")};
  EXPECT_TRUE(IsNext<RenewUninstall>(facts));
}

TEST(UndeployStepsTest, NeverEndsBeforeItsChild) {
  UndeployFacts facts{.operation = {.name = "op-1", .cancel_requested = true}};
  EXPECT_TRUE(IsNext<UndeployFailed>(facts));
  facts.uninstall.state = Child::State::kRunning;
  EXPECT_TRUE(IsNext<CancelUninstall>(facts));
  facts.uninstall.cancel_requested = true;
  EXPECT_TRUE(IsNext<AwaitUninstall>(facts));
}

}  // namespace
}  // namespace berth::gateway
