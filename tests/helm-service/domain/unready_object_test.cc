#include "helm-service/domain/unready_object.h"

#include <google/rpc/error_details.pb.h>

#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;

absl::Status TimedOut(Reason reason = Reason::ERROR_REASON_RELEASE_NOT_READY) {
  return Error(absl::StatusCode::kFailedPrecondition, reason, "context deadline exceeded");
}

UnreadyObject Unready(const std::string& name, ObjectState state = ObjectState::kProgressing) {
  return {.object = MakeRef("apps/v1", "Deployment", "shop", name),
          .readiness = {.state = state, .message = "0 of 1 replicas ready"},
          .warnings = {"Failed: no such image", "Failed: Error: ImagePullBackOff"}};
}

std::vector<std::string> Violations(const absl::Status& error) {
  std::vector<std::string> violations;
  const google::rpc::Status status = ToRpcStatus(error);
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::PreconditionFailure failure;
    if (!detail.UnpackTo(&failure)) continue;
    for (const auto& violation : failure.violations()) {
      violations.push_back(violation.type() + " " + violation.subject() + ": " +
                           violation.description());
    }
  }
  return violations;
}

TEST(NameUnreadyTest, NamesTheObjectsAndWhyBeforeHelmsOwnWords) {
  const absl::Status error = NameUnready(TimedOut(), {Unready("web")});
  EXPECT_EQ(error.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(error), Reason::ERROR_REASON_RELEASE_NOT_READY);
  EXPECT_EQ(error.message(),
            "not ready: Deployment shop/web (0 of 1 replicas ready; Failed: no such image; "
            "Failed: Error: ImagePullBackOff). context deadline exceeded");
  EXPECT_THAT(Violations(error),
              ::testing::ElementsAre("OBJECT_NOT_READY Deployment shop/web: 0 of 1 replicas ready; "
                                     "Failed: no such image; Failed: Error: ImagePullBackOff"));
}

TEST(NameUnreadyTest, NamesAFewAndCountsTheRest) {
  const std::vector<UnreadyObject> many(20, Unready("web"));
  const absl::Status error = NameUnready(TimedOut(), many);
  EXPECT_THAT(std::string(error.message()), HasSubstr(" and 17 more. "));
  EXPECT_EQ(Violations(error).size(), 6u);
}

TEST(NameUnreadyTest, AHelmThatFailedIsExplainedByWhatFailed) {
  const absl::Status failed = TimedOut(Reason::ERROR_REASON_HELM_FAILED);
  EXPECT_EQ(NameUnready(failed, {Unready("web")}), failed);
  EXPECT_THAT(
      std::string(
          NameUnready(failed, {Unready("web"), Unready("db", ObjectState::kFailed)}).message()),
      ::testing::StartsWith("not ready: Deployment shop/db ("));
}

TEST(NameUnreadyTest, LeavesOtherErrorsAlone) {
  const absl::Status denied = TimedOut(Reason::ERROR_REASON_KUBERNETES_FORBIDDEN);
  EXPECT_EQ(NameUnready(denied, {Unready("web", ObjectState::kFailed)}), denied);
  EXPECT_EQ(NameUnready(TimedOut(), {}), TimedOut());
}

TEST(NameUnreadyTest, CutsWhatIsLong) {
  UnreadyObject object = Unready("web");
  object.warnings = {std::string(5'000, 'x')};
  EXPECT_LT(NameUnready(TimedOut(), {object}).message().size(), 500u);
}

}  // namespace
}  // namespace berth::helm
