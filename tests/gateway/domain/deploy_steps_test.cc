#include "gateway/domain/deploy_steps.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "common/status/status.h"
#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using testing::ExposureOf;
using testing::SetCondition;
using State = Child::State;

DeployPlan PlanOf(int revision_before = 0) {
  return {.release = *ReleaseName::Parse("web"),
          .revision_before = revision_before,
          .exposure = {.key = testing::Key(), .spec = testing::SimpleSpec()}};
}

DeployFacts FactsOf() { return {.operation = {.name = "op-1"}, .has_input = true}; }

Exposure Mine() {
  Exposure exposure = ExposureOf();
  exposure.created_by = "op-1";
  return exposure;
}

template <typename Step, typename Variant>
Step As(const Variant& step) {
  EXPECT_TRUE(std::holds_alternative<Step>(step)) << "got alternative " << step.index();
  return std::get<Step>(step);
}

TEST(DeployStepsTest, SendsTheUpgradeOnlyWithItsRequestAtHand) {
  DeployFacts facts = FactsOf();
  As<SendUpgrade>(NextDeployStep(PlanOf(), facts));
  facts.has_input = false;
  const auto undo = As<BeginUndo>(NextDeployStep(PlanOf(), facts));
  EXPECT_EQ(ReasonOf(undo.cause), Reason::ERROR_REASON_INTERRUPTED);
}

TEST(DeployStepsTest, FollowsAChildThatAnEarlierReplicaSent) {
  DeployFacts facts = FactsOf();
  facts.has_input = false;
  facts.upgrade.state = State::kRunning;
  As<AwaitChild>(NextDeployStep(PlanOf(), facts));
  facts.upgrade = {.state = State::kSucceeded, .revision = 7};
  EXPECT_EQ(As<RecordRevision>(NextDeployStep(PlanOf(), facts)).revision, 7);
}

TEST(DeployStepsTest, ExposesOnceTheReleaseIsThere) {
  DeployPlan plan = PlanOf();
  plan.revision_made = 1;
  DeployFacts facts = FactsOf();
  As<CreateExposure>(As<ExposeStep>(NextDeployStep(plan, facts)));
  plan.exposure.uid = "uid-1";
  plan.exposure.generation = 1;
  facts.exposure = Mine();
  SetCondition(*facts.exposure, ConditionType::kReady, Truth::kTrue);
  As<DeployIsDone>(NextDeployStep(plan, facts));
}

TEST(DeployStepsTest, AnExposureTakenOverByOthersUndoesNothing) {
  DeployPlan plan = PlanOf();
  plan.revision_made = 1;
  plan.exposure.uid = "uid-1";
  plan.exposure.generation = 1;
  const auto failed = As<DeployFailed>(NextDeployStep(plan, FactsOf()));
  EXPECT_EQ(ReasonOf(failed.error), Reason::ERROR_REASON_EXPOSURE_DELETED);
}

TEST(DeployUndoStepsTest, StopsTheUpgradeBeforeItLooksAtTheRelease) {
  DeployFacts facts = FactsOf();
  As<CancelUpgrade>(NextDeployUndoStep(PlanOf(), facts));
  facts.upgrade.state = State::kRunning;
  As<CancelUpgrade>(NextDeployUndoStep(PlanOf(), facts));
  facts.upgrade.cancel_requested = true;
  As<AwaitChild>(NextDeployUndoStep(PlanOf(), facts));
}

TEST(DeployUndoStepsTest, RollsBackToTheRevisionBefore) {
  DeployPlan plan = PlanOf(4);
  plan.revision_made = 5;
  DeployFacts facts = FactsOf();
  facts.upgrade.state = State::kSucceeded;
  facts.newest_revision = 5;
  const auto record = As<RecordBack>(NextDeployUndoStep(plan, facts));
  EXPECT_EQ(record.back.way, DeployPlan::Back::Way::kRollback);
  EXPECT_EQ(record.back.expected_revision, 5);
  plan.back = record.back;
  As<SendBack>(NextDeployUndoStep(plan, facts));
  facts.back.state = State::kRunning;
  As<AwaitChild>(NextDeployUndoStep(plan, facts));
  facts.back.state = State::kSucceeded;
  facts.newest_revision = 6;
  EXPECT_TRUE(As<DeployIsBack>(NextDeployUndoStep(plan, facts)).leftovers.empty());
}

TEST(DeployUndoStepsTest, UninstallsWhatWasNotThereBefore) {
  DeployFacts facts = FactsOf();
  facts.upgrade.state = State::kFailed;
  EXPECT_TRUE(As<DeployIsBack>(NextDeployUndoStep(PlanOf(), facts)).leftovers.empty());
  facts.newest_revision = 1;
  const auto record = As<RecordBack>(NextDeployUndoStep(PlanOf(), facts));
  EXPECT_EQ(record.back.way, DeployPlan::Back::Way::kUninstall);
  EXPECT_EQ(record.back.expected_revision, 1);
}

TEST(DeployUndoStepsTest, LeavesARevisionThatItDidNotMake) {
  DeployPlan plan = PlanOf(4);
  plan.revision_made = 5;
  DeployFacts facts = FactsOf();
  facts.upgrade.state = State::kSucceeded;
  facts.newest_revision = 6;
  const auto back = As<DeployIsBack>(NextDeployUndoStep(plan, facts));
  ASSERT_EQ(back.leftovers.size(), 1u);
  EXPECT_NE(back.leftovers[0].find("revision 6"), std::string::npos);
}

TEST(DeployUndoStepsTest, TriesAgainWhenTheWayBackDiedBeforeItsFirstEffect) {
  DeployPlan plan = PlanOf();
  plan.revision_made = 1;
  plan.back = DeployPlan::Back{.expected_revision = 1};
  DeployFacts facts = FactsOf();
  facts.upgrade.state = State::kSucceeded;
  facts.newest_revision = 1;
  facts.back = {.state = State::kFailed,
                .error = Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_INTERRUPTED, "")};
  EXPECT_EQ(As<RecordBack>(NextDeployUndoStep(plan, facts)).back.attempt, 2);
}

TEST(DeployUndoStepsTest, MarksTheExposureFirstAndWaitsForItsEndLast) {
  DeployPlan plan = PlanOf();
  plan.revision_made = 1;
  DeployFacts facts = FactsOf();
  facts.upgrade.state = State::kSucceeded;
  facts.newest_revision = 1;
  facts.exposure = Mine();
  As<TakeBackExposure>(As<ExposeUndoStep>(NextDeployUndoStep(plan, facts)));
  facts.exposure->being_deleted = true;
  plan.back = As<RecordBack>(NextDeployUndoStep(plan, facts)).back;
  facts.back.state = State::kSucceeded;
  As<AwaitRemoval>(As<ExposeUndoStep>(NextDeployUndoStep(plan, facts)));
  facts.exposure.reset();
  EXPECT_TRUE(As<DeployIsBack>(NextDeployUndoStep(plan, facts)).leftovers.empty());
}

TEST(DeployUndoStepsTest, NamesEverythingThatIsLeftWhenTimeIsOver) {
  DeployPlan plan = PlanOf();
  plan.revision_made = 1;
  DeployFacts facts = FactsOf();
  facts.operation.out_of_time = true;
  facts.upgrade.state = State::kSucceeded;
  facts.newest_revision = 1;
  facts.exposure = Mine();
  facts.exposure->being_deleted = true;
  EXPECT_EQ(As<DeployIsBack>(NextDeployUndoStep(plan, facts)).leftovers.size(), 2u);
}

TEST(DeployUndoStepsTest, AnIncompleteUndoKeepsTheCodeOfItsCause) {
  const absl::Status cause =
      Error(absl::StatusCode::kCancelled, Reason::ERROR_REASON_CANCELLED, "cancelled");
  EXPECT_EQ(ReasonOf(ErrorAfterUndo(cause, {})), Reason::ERROR_REASON_CANCELLED);
  const absl::Status incomplete = ErrorAfterUndo(cause, {"release shop/web"});
  EXPECT_EQ(incomplete.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(ReasonOf(incomplete), Reason::ERROR_REASON_UNDO_INCOMPLETE);
  EXPECT_EQ(MetadataOf(incomplete, "leftovers"), "release shop/web");
}

}  // namespace
}  // namespace berth::gateway
