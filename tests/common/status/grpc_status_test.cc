#include "common/status/grpc_status.h"

#include <gtest/gtest.h>

#include "common/status/status.h"

namespace berth {
namespace {

TEST(GrpcStatusTest, DetailsGoThereAndBack) {
  const absl::Status status =
      Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CLAIM_NOT_FOUND, "no claim 'a.tcp.1'")
          .WithMetadata("claim", "a.tcp.1");
  const grpc::Status sent = ToGrpcStatus(status);
  EXPECT_EQ(sent.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(sent.error_message(), "no claim 'a.tcp.1'");
  EXPECT_EQ(FromGrpcStatus(sent), status);
}

TEST(GrpcStatusTest, OkHasNoDetails) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).error_details().empty());
  EXPECT_TRUE(FromGrpcStatus(grpc::Status::OK).ok());
}

TEST(GrpcStatusTest, ErrorsWithoutReasonLeaveWithTheNaturalOne) {
  EXPECT_EQ(ReasonOf(FromGrpcStatus(ToGrpcStatus(absl::InternalError("bug")))),
            Reason::ERROR_REASON_INTERNAL);
}

TEST(GrpcStatusTest, DetailsThatCannotBeParsedAreDropped) {
  const absl::Status status =
      FromGrpcStatus(grpc::Status(grpc::StatusCode::ABORTED, "text", "\xff\xff"));
  EXPECT_EQ(status, absl::AbortedError("text"));
}

TEST(GrpcStatusTest, TheCodeOfTheCallWinsOverTheOneInItsDetails) {
  const grpc::Status inner = ToGrpcStatus(absl::InternalError("inner"));
  const absl::Status status =
      FromGrpcStatus(grpc::Status(grpc::StatusCode::UNAVAILABLE, "outer", inner.error_details()));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "outer");
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_INTERNAL);
}

}  // namespace
}  // namespace berth
