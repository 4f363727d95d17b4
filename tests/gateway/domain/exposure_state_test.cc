#include "gateway/domain/exposure_state.h"

#include <gtest/gtest.h>

#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using testing::ExposureOf;
using testing::SetCondition;

TEST(ExposureStateTest, ANewExposureIsPending) {
  EXPECT_EQ(StandingOf(ExposureOf()).state, ExposureState::kPending);
}

TEST(ExposureStateTest, ReadyIsActiveWithoutAReason) {
  Exposure exposure = ExposureOf();
  SetCondition(exposure, ConditionType::kReady, Truth::kTrue, "Ready");
  EXPECT_EQ(StandingOf(exposure).state, ExposureState::kActive);
  EXPECT_EQ(StandingOf(exposure).reason, Reason::ERROR_REASON_UNSPECIFIED);
}

TEST(ExposureStateTest, ReadinessOfAnEarlierGenerationDoesNotCount) {
  Exposure exposure = ExposureOf();
  SetCondition(exposure, ConditionType::kReady, Truth::kTrue, "Ready");
  exposure.generation = 2;
  EXPECT_EQ(StandingOf(exposure).state, ExposureState::kPending);
}

TEST(ExposureStateTest, OneThatWasReadyIsDegradedAfterwards) {
  Exposure exposure = ExposureOf();
  exposure.status.ready_since = Time{};
  SetCondition(exposure, ConditionType::kReady, Truth::kFalse, "NoReadyEndpoints", "no endpoint");
  const ExposureStanding standing = StandingOf(exposure);
  EXPECT_EQ(standing.state, ExposureState::kDegraded);
  EXPECT_EQ(standing.reason, Reason::ERROR_REASON_NO_READY_ENDPOINTS);
  EXPECT_EQ(standing.message, "no endpoint");
}

TEST(ExposureStateTest, AMissingTargetShowsAsSuch) {
  Exposure exposure = ExposureOf();
  SetCondition(exposure, ConditionType::kResolved, Truth::kFalse, "TargetPortNotFound");
  SetCondition(exposure, ConditionType::kStalled, Truth::kTrue, "TargetPortNotFound");
  EXPECT_EQ(StandingOf(exposure).state, ExposureState::kTargetMissing);
}

TEST(ExposureStateTest, RemovalHidesEverythingElse) {
  Exposure exposure = ExposureOf();
  SetCondition(exposure, ConditionType::kReady, Truth::kTrue, "Ready");
  exposure.being_deleted = true;
  EXPECT_EQ(StandingOf(exposure).state, ExposureState::kRemoving);
}

TEST(ExposureStateTest, AStalledExposureFailsWithTheCodeOfItsReason) {
  Exposure exposure = ExposureOf();
  SetCondition(exposure, ConditionType::kStalled, Truth::kTrue, "PoolExhausted", "no port");
  EXPECT_EQ(StalledError(exposure).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(StalledError(exposure)), Reason::ERROR_REASON_POOL_EXHAUSTED);
  SetCondition(exposure, ConditionType::kStalled, Truth::kTrue, "NobodyKnows");
  EXPECT_EQ(ReasonOf(StalledError(exposure)), Reason::ERROR_REASON_EXPOSURE_STALLED);
}

}  // namespace
}  // namespace berth::gateway
