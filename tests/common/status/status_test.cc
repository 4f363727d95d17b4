#include "common/status/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "common/status/rpc_status.h"

namespace berth {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::ElementsAre;

absl::Status PoolNotFound() {
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_POOL_NOT_FOUND, "no pool 'a'")
      .WithMetadata("pool", "a");
}

TEST(StatusTest, ErrorsCarryCodeReasonAndMetadata) {
  const absl::Status status = PoolNotFound();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "no pool 'a'");
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_POOL_NOT_FOUND);
  EXPECT_EQ(MetadataOf(status, "pool"), "a");
  EXPECT_EQ(MetadataOf(status, "port"), std::nullopt);
}

TEST(StatusTest, ErrorsCanBeReturnedWhereAValueIsExpected) {
  const auto port = []() -> absl::StatusOr<int> {
    return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_CLAIM_LOST, "lost");
  };
  EXPECT_EQ(ReasonOf(port().status()), Reason::ERROR_REASON_CLAIM_LOST);
}

TEST(StatusTest, TheSameMetadataKeyAgainReplacesTheValue) {
  EXPECT_EQ(MetadataOf(WithMetadata(PoolNotFound(), "pool", "b"), "pool"), "b");
}

TEST(StatusTest, RetryDelaysKeepTheirMilliseconds) {
  const absl::Status status =
      Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY, "not yet")
          .WithRetryAfter(1500ms);
  EXPECT_EQ(RetryAfterOf(status), 1500ms);
  EXPECT_EQ(RetryAfterOf(PoolNotFound()), std::nullopt);
}

TEST(StatusTest, AnInvalidFieldReadsAsFieldAndDescription) {
  const absl::Status status = InvalidField("ports[0].port", "must be 1 to 65535");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "ports[0].port: must be 1 to 65535");
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_THAT(FieldViolationsOf(status),
              ElementsAre(FieldViolation{"ports[0].port", "must be 1 to 65535"}));
}

TEST(StatusTest, OneAnswerListsEveryBadField) {
  FieldViolations violations;
  EXPECT_TRUE(violations.ToStatus().ok());
  violations.Add("name", "is required");
  violations.AddAll("ports[1]", InvalidField("port", "must be 1 to 65535"));
  violations.AddAll("owner", absl::InvalidArgumentError("has a space"));
  violations.AddAll("pool", absl::OkStatus());
  EXPECT_FALSE(violations.ok());
  EXPECT_THAT(FieldViolationsOf(violations.ToStatus()),
              ElementsAre(FieldViolation{"name", "is required"},
                          FieldViolation{"ports[1].port", "must be 1 to 65535"},
                          FieldViolation{"owner", "has a space"}));
  EXPECT_EQ(violations.ToStatus().message(),
            "name: is required; ports[1].port: must be 1 to 65535; owner: has a space");
}

TEST(StatusTest, ContextKeepsCodeAndDetails) {
  const absl::Status status = WithContext(PoolNotFound(), "claiming a port");
  EXPECT_EQ(status.message(), "claiming a port: no pool 'a'");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_POOL_NOT_FOUND);
  EXPECT_EQ(MetadataOf(status, "pool"), "a");
  EXPECT_TRUE(WithContext(absl::OkStatus(), "nothing").ok());
}

TEST(StatusTest, ErrorsOfOthersHaveNoReasonUntilTheyGetTheNaturalOne) {
  const absl::Status cancelled = absl::CancelledError("caller hung up");
  EXPECT_EQ(ReasonOf(cancelled), Reason::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(WithNaturalReason(cancelled)), Reason::ERROR_REASON_CALLER_GONE);
  EXPECT_EQ(ReasonOf(WithNaturalReason(absl::UnimplementedError(""))),
            Reason::ERROR_REASON_NOT_IMPLEMENTED);
  EXPECT_EQ(ReasonOf(WithNaturalReason(absl::UnavailableError(""))),
            Reason::ERROR_REASON_SERVICE_UNAVAILABLE);
  EXPECT_EQ(ReasonOf(WithNaturalReason(absl::DataLossError(""))), Reason::ERROR_REASON_INTERNAL);
  EXPECT_EQ(WithNaturalReason(PoolNotFound()), PoolNotFound());
}

TEST(StatusTest, TextThatIsNotUtf8IsReplacedSoThatDetailsCanBeSent) {
  const absl::Status status = Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_HELM_FAILED,
                                    "bad \xff\xc3\xa9\xed\xa0\x80 byte")
                                  .WithMetadata("line", "\xc3")
                                  .WithFieldViolation("\xf5", "\xe2\x82");
  const std::string mark = "\xEF\xBF\xBD";
  EXPECT_EQ(status.message(), "bad " + mark + "\xc3\xa9" + mark + mark + mark + " byte");
  EXPECT_EQ(MetadataOf(status, "line"), mark);
  EXPECT_THAT(FieldViolationsOf(status), ElementsAre(FieldViolation{mark, mark + mark}));
}

TEST(StatusTest, TheLogLineNamesCodeAndReason) {
  EXPECT_EQ(Describe(PoolNotFound()), "NOT_FOUND (POOL_NOT_FOUND): no pool 'a'");
  EXPECT_EQ(Describe(absl::CancelledError("gone")), "CANCELLED: gone");
  EXPECT_EQ(Describe(absl::OkStatus()), "OK");
}

TEST(StatusTest, RpcStatusCarriesEveryDetailThereAndBack) {
  const absl::Status status =
      Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_NOT_READY,
            "no address")
          .WithMetadata("pool", "a")
          .WithPrecondition("ADDRESS", "pools/a", "the Service has no address")
          .WithRetryAfter(5s);
  const google::rpc::Status rpc = ToRpcStatus(status);
  EXPECT_EQ(rpc.code(), 9);
  EXPECT_EQ(rpc.details_size(), 3);
  EXPECT_EQ(FromRpcStatus(rpc), status);
}

TEST(StatusTest, UnknownCodesOfRpcStatusBecomeUnknown) {
  google::rpc::Status rpc;
  rpc.set_code(77);
  EXPECT_EQ(FromRpcStatus(rpc).code(), absl::StatusCode::kUnknown);
  rpc.set_code(0);
  EXPECT_TRUE(FromRpcStatus(rpc).ok());
}

TEST(ReasonTest, NamesHaveNoPrefixAndConditionsAreCamelCase) {
  EXPECT_EQ(ReasonName(Reason::ERROR_REASON_POOL_NOT_FOUND), "POOL_NOT_FOUND");
  EXPECT_EQ(ConditionReason(Reason::ERROR_REASON_POOL_NOT_FOUND), "PoolNotFound");
  EXPECT_EQ(ReasonFromName("SOMETHING_ELSE"), std::nullopt);
  EXPECT_EQ(ReasonFromName("POOL_NOT_FOUND "), std::nullopt);
  EXPECT_EQ(ReasonFromCondition("SomethingElse"), std::nullopt);
}

TEST(ReasonTest, NamesAndConditionsAreOneToOneOverTheWholeEnum) {
  std::set<std::string> names;
  std::set<std::string> conditions;
  const google::protobuf::EnumDescriptor& reasons = *operation::v1::ErrorReason_descriptor();
  for (int i = 0; i < reasons.value_count(); ++i) {
    const auto reason = static_cast<Reason>(reasons.value(i)->number());
    EXPECT_TRUE(names.insert(ReasonName(reason)).second) << ReasonName(reason);
    EXPECT_TRUE(conditions.insert(ConditionReason(reason)).second) << ConditionReason(reason);
    EXPECT_EQ(ReasonFromName(ReasonName(reason)), reason);
    EXPECT_EQ(ReasonFromCondition(ConditionReason(reason)), reason);
  }
}

}  // namespace
}  // namespace berth
