#include "gateway/domain/unexpose_steps.h"

#include <gtest/gtest.h>

#include <optional>
#include <variant>

#include "tests/gateway/domain/builders.h"

namespace berth::gateway {
namespace {

using testing::ExposureOf;

const UnexposePlan kPlan{.key = testing::Key(), .uid = "uid-1"};

template <typename Step>
bool IsNext(const std::optional<Exposure>& found, OperationView operation = {.name = "op-1"}) {
  return std::holds_alternative<Step>(NextUnexposeStep(kPlan, operation, found));
}

TEST(UnexposeStepsTest, DeletesWaitsAndEndsOnceThatUidIsGone) {
  Exposure found = ExposureOf();
  EXPECT_TRUE(IsNext<DeleteFound>(found));
  found.being_deleted = true;
  EXPECT_TRUE(IsNext<AwaitGone>(found));
  EXPECT_TRUE(IsNext<UnexposeIsDone>(std::nullopt));
  found.uid = "uid-2";
  EXPECT_TRUE(IsNext<UnexposeIsDone>(found));
}

TEST(UnexposeStepsTest, StopsWhenCancelledOrOutOfTime) {
  EXPECT_TRUE(IsNext<UnexposeFailed>(ExposureOf(), {.name = "op-1", .cancel_requested = true}));
  EXPECT_TRUE(IsNext<UnexposeFailed>(ExposureOf(), {.name = "op-1", .out_of_time = true}));
}

}  // namespace
}  // namespace berth::gateway
