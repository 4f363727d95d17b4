#include "common/operation/spec_check.h"

#include <gtest/gtest.h>

#include <string>

#include "common/operation/names.h"
#include "common/operation/run_options.h"
#include "common/status/status.h"

namespace berth::operation {
namespace {

TEST(SpecCheckTest, TakesASpecAsTheServerMakesIt) {
  EXPECT_TRUE(CheckSpec({.method = "s/m", .request_id = "r-1"}).ok());
}

TEST(SpecCheckTest, NamesEveryFieldAtFault) {
  const absl::Status status = CheckSpec(
      {.request_id = std::string(129, 'x'), .parent = "../op", .timeout = std::chrono::hours(25)});
  EXPECT_EQ(FieldViolationsOf(status).size(), 3u);
}

TEST(SpecCheckTest, RefusesRequestIdsThatAreNotPrintable) {
  EXPECT_FALSE(CheckSpec({.request_id = "a\nb"}).ok());
  EXPECT_FALSE(CheckSpec({.request_id = "\xC3\xBC"}).ok());
}

TEST(SpecCheckTest, KnowsAnOperationsNameByItsForm) {
  EXPECT_TRUE(CheckOperationName(OperationName("a", "b", "c")).ok());
  for (const char* name : {"", "op-", "op-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "../../secrets/x",
                           "op-abcdefghijklmnopqrstuvwxy/"}) {
    EXPECT_EQ(ReasonOf(CheckOperationName(name)), Reason::ERROR_REASON_INVALID_FIELD) << name;
  }
}

TEST(SpecCheckTest, TakesRunOptionsOver) {
  v1::RunOptions run;
  run.set_request_id("r1");
  run.mutable_timeout()->set_nanos(1);
  const absl::StatusOr<Spec> spec = WithRunOptions(Spec{.method = "s/m"}, run);
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->request_id, "r1");
  EXPECT_EQ(spec->timeout, std::chrono::seconds(1));
}

TEST(SpecCheckTest, KeepsTheDefaultTimeout) {
  EXPECT_EQ(WithRunOptions(Spec(), {})->timeout, std::chrono::minutes(10));
}

TEST(SpecCheckTest, RefusesATimeoutOfZero) {
  v1::RunOptions run;
  run.mutable_timeout();
  EXPECT_FALSE(WithRunOptions(Spec(), run).ok());
}

}  // namespace
}  // namespace berth::operation
