#include "gateway/domain/expose_steps.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <variant>

#include "common/status/status.h"
#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using testing::ExposureOf;
using testing::SetCondition;
using testing::SpecOf;
using testing::Wish;

const OperationView kOp{.name = "op-1"};

ExposePlan PlanOf() { return {.key = testing::Key(), .spec = testing::SimpleSpec()}; }

ExposePlan RecordedPlan() {
  ExposePlan plan = PlanOf();
  plan.uid = "uid-1";
  plan.generation = 1;
  return plan;
}

Exposure Mine() {
  Exposure exposure = ExposureOf();
  exposure.created_by = "op-1";
  return exposure;
}

ExposureSpec OtherSpec() { return SpecOf({Wish("other")}); }

template <typename Step>
Step Next(const ExposePlan& plan, const std::optional<Exposure>& found,
          const OperationView& operation = kOp) {
  const ExposeStep step = NextExposeStep(plan, operation, found);
  EXPECT_TRUE(std::holds_alternative<Step>(step)) << "got alternative " << step.index();
  return std::get<Step>(step);
}

template <typename Step>
void ExpectUndo(const ExposePlan& plan, const std::optional<Exposure>& found) {
  const ExposeUndoStep step = NextExposeUndoStep(plan, kOp, found);
  EXPECT_TRUE(std::holds_alternative<Step>(step)) << "got alternative " << step.index();
}

TEST(ExposeStepsTest, CreatesWhatIsNotThere) { Next<CreateExposure>(PlanOf(), std::nullopt); }

TEST(ExposeStepsTest, RecognisesItsOwnCreateWhoseAnswerWasLost) {
  Exposure found = Mine();
  found.generation = 2;
  const auto record = Next<RecordExposure>(PlanOf(), found);
  EXPECT_EQ(record.uid, "uid-1");
  EXPECT_EQ(record.generation, 1);
}

TEST(ExposeStepsTest, WaitsForTheFormerOneToGo) {
  Exposure found = ExposureOf();
  found.being_deleted = true;
  Next<AwaitExposure>(PlanOf(), found);
}

TEST(ExposeStepsTest, JoinsTheSameWish) {
  Exposure found = ExposureOf();
  found.created_by = "op-0";
  Next<JoinExposure>(PlanOf(), found);
  found.created_by.clear();
  found.generation = 3;
  EXPECT_EQ(Next<RecordExposure>(PlanOf(), found).generation, 3);
}

TEST(ExposeStepsTest, RefusesAnotherWishOfThatName) {
  const auto failed = Next<ExposeFailed>(PlanOf(), ExposureOf(OtherSpec()));
  EXPECT_EQ(ReasonOf(failed.error), Reason::ERROR_REASON_EXPOSURE_EXISTS);
}

TEST(ExposeStepsTest, ReplacesOnlyWhatBelongsToTheRelease) {
  ExposePlan plan = PlanOf();
  plan.release = *ReleaseName::Parse("shop");
  Exposure found = ExposureOf(OtherSpec());
  Next<ExposeFailed>(plan, found);
  found.deployed_release = "shop";
  const auto record = Next<RecordFormer>(plan, found);
  EXPECT_EQ(record.former.spec, OtherSpec());
  plan.former = record.former;
  Next<ReplaceExposure>(plan, found);
  found.generation = 2;
  EXPECT_EQ(Next<RecordFormer>(plan, found).former.generation, 2);
}

TEST(ExposeStepsTest, EndsWhenTheExposureIsReady) {
  Exposure found = Mine();
  Next<AwaitExposure>(RecordedPlan(), found);
  SetCondition(found, ConditionType::kReady, Truth::kTrue);
  Next<ExposureIsReady>(RecordedPlan(), found);
  Next<ExposureIsReady>(RecordedPlan(), found, {.name = "op-1", .cancel_requested = true});
}

TEST(ExposeStepsTest, FailsWhenTheExposureStalls) {
  Exposure found = Mine();
  SetCondition(found, ConditionType::kStalled, Truth::kTrue, "PortTaken", "held by others");
  const auto failed = Next<ExposeFailed>(RecordedPlan(), found);
  EXPECT_EQ(ReasonOf(failed.error), Reason::ERROR_REASON_PORT_TAKEN);
  EXPECT_TRUE(failed.undo);
}

TEST(ExposeStepsTest, UndoesNothingOnceTheExposureIsAnothers) {
  Exposure found = Mine();
  found.generation = 2;
  auto failed = Next<ExposeFailed>(RecordedPlan(), found);
  EXPECT_EQ(ReasonOf(failed.error), Reason::ERROR_REASON_EXPOSURE_CHANGED);
  EXPECT_FALSE(failed.undo);
  failed = Next<ExposeFailed>(RecordedPlan(), std::nullopt);
  EXPECT_EQ(ReasonOf(failed.error), Reason::ERROR_REASON_EXPOSURE_DELETED);
  EXPECT_FALSE(failed.undo);
  found = Mine();
  found.uid = "uid-2";
  EXPECT_FALSE(Next<ExposeFailed>(RecordedPlan(), found).undo);
}

TEST(ExposeStepsTest, CancelAndTimeoutLeadToTheUndo) {
  EXPECT_EQ(ReasonOf(Next<ExposeFailed>(RecordedPlan(), Mine(),
                                        {.name = "op-1", .cancel_requested = true})
                         .error),
            Reason::ERROR_REASON_CANCELLED);
  EXPECT_EQ(
      ReasonOf(
          Next<ExposeFailed>(RecordedPlan(), Mine(), {.name = "op-1", .out_of_time = true}).error),
      Reason::ERROR_REASON_OPERATION_TIMEOUT);
}

TEST(ExposeUndoStepsTest, TakesBackItsOwnAndWaitsUntilItIsGone) {
  ExpectUndo<TakeBackExposure>(RecordedPlan(), Mine());
  ExpectUndo<TakeBackExposure>(PlanOf(), Mine());
  Exposure found = Mine();
  found.being_deleted = true;
  ExpectUndo<AwaitRemoval>(RecordedPlan(), found);
  ExpectUndo<ExposureIsBack>(RecordedPlan(), std::nullopt);
}

TEST(ExposeUndoStepsTest, LeavesWhatOthersUse) {
  Exposure found = Mine();
  found.status.ready_since = Time{};
  ExpectUndo<ExposureIsBack>(RecordedPlan(), found);
  found = Mine();
  found.generation = 2;
  ExpectUndo<ExposureIsBack>(RecordedPlan(), found);
  found = Mine();
  found.created_by.clear();
  ExpectUndo<ExposureIsBack>(RecordedPlan(), found);
  found = Mine();
  found.uid = "uid-2";
  ExpectUndo<ExposureIsBack>(RecordedPlan(), found);
}

TEST(ExposeUndoStepsTest, RestoresTheFormerSpecWhileTheGenerationIsItsOwn) {
  ExposePlan plan = PlanOf();
  plan.former = ExposePlan::Former{"uid-1", 4, OtherSpec()};
  Exposure found = ExposureOf();
  found.generation = 4;
  ExpectUndo<ExposureIsBack>(plan, ExposureOf(OtherSpec()));
  found.generation = 5;
  ExpectUndo<RestoreExposure>(plan, found);
  plan.uid = "uid-1";
  plan.generation = 5;
  ExpectUndo<RestoreExposure>(plan, found);
  found.generation = 6;
  ExpectUndo<ExposureIsBack>(plan, found);
}

}  // namespace
}  // namespace berth::gateway
