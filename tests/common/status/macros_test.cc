#include "common/status/macros.h"

#include <gtest/gtest.h>

#include <memory>

namespace berth {
namespace {

absl::StatusOr<int> Half(int value) {
  if (value % 2 != 0) {
    return absl::InvalidArgumentError("odd");
  }
  return value / 2;
}

absl::Status CheckQuarter(int value) {
  ASSIGN_OR_RETURN(const int half, Half(value));
  ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter > 0 ? absl::OkStatus() : absl::OutOfRangeError("zero");
}

absl::StatusOr<std::unique_ptr<int>> Checked(int value) {
  RETURN_IF_ERROR(CheckQuarter(value));
  return std::make_unique<int>(value);
}

TEST(MacrosTest, AssignsTheValueOrReturnsTheError) {
  EXPECT_TRUE(CheckQuarter(8).ok());
  EXPECT_EQ(CheckQuarter(6).message(), "odd");
  EXPECT_EQ(CheckQuarter(0).code(), absl::StatusCode::kOutOfRange);
}

TEST(MacrosTest, ErrorsPassThroughFunctionsThatReturnValues) {
  EXPECT_EQ(**Checked(4), 4);
  EXPECT_EQ(Checked(3).status().message(), "odd");
}

TEST(MacrosTest, MoveOnlyValuesAreMoved) {
  const auto twice = [](int value) -> absl::StatusOr<int> {
    ASSIGN_OR_RETURN(std::unique_ptr<int> checked, Checked(value));
    return *checked * 2;
  };
  EXPECT_EQ(*twice(4), 8);
}

}  // namespace
}  // namespace berth
