#include "common/kube/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kube/error_response.h"
#include "common/status/status.h"
#include "tests/common/kube/fake_transport.h"

namespace berth::kube {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

absl::Status Refusal(int code, const std::string& reason) {
  HttpResponse response;
  response.head.status = code;
  response.body = KubernetesStatusObject(code, reason).dump();
  return ErrorFromResponse(response, "update services shop/web");
}

TEST(ErrorsTest, TellsRefusalsApart) {
  EXPECT_TRUE(kube::IsNotFound(Refusal(404, "NotFound")));
  EXPECT_TRUE(kube::IsAlreadyExists(Refusal(409, "AlreadyExists")));
  EXPECT_FALSE(kube::IsConflict(Refusal(409, "AlreadyExists")));
  EXPECT_TRUE(kube::IsConflict(Refusal(409, "Conflict")));
  EXPECT_TRUE(IsExpired(Refusal(410, "Expired")));
  EXPECT_TRUE(IsExpired(Refusal(410, "Gone")));
  EXPECT_TRUE(kube::IsInvalid(Refusal(422, "Invalid")));
  EXPECT_TRUE(kube::IsInvalid(Refusal(413, "RequestEntityTooLarge")));
  EXPECT_TRUE(kube::IsForbidden(Refusal(403, "Forbidden")));
  EXPECT_TRUE(kube::IsUnavailable(Refusal(429, "TooManyRequests")));
  EXPECT_TRUE(kube::IsUnavailable(Refusal(504, "Timeout")));
  EXPECT_EQ(Refusal(401, "Unauthorized").code(), absl::StatusCode::kUnauthenticated);
}

TEST(ErrorsTest, CarriesReasonContextAndCauses) {
  HttpResponse response;
  response.head.status = 422;
  Json body = KubernetesStatusObject(422, "Invalid", "spec.port: must be positive");
  body["details"]["causes"] = {
      {{"reason", "FieldValueInvalid"}, {"field", "spec.port"}, {"message", "must be positive"}}};
  response.body = body.dump();
  const absl::Status status = ErrorFromResponse(response, "create portrules berth/a");
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_KUBERNETES_INVALID);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("create portrules berth/a: spec.port: must be positive"));
  ASSERT_THAT(Causes(status), SizeIs(1));
  EXPECT_EQ(Causes(status)[0].field, "spec.port");
  EXPECT_EQ(KubernetesStatus(status), body);
}

TEST(ErrorsTest, KnowsANamespaceThatIsBeingDeleted) {
  HttpResponse response;
  response.head.status = 403;
  Json body = KubernetesStatusObject(403, "Forbidden");
  body["details"]["causes"] = {{{"reason", "NamespaceTerminating"}}};
  response.body = body.dump();
  const absl::Status status = ErrorFromResponse(response, "create");
  EXPECT_TRUE(IsNamespaceTerminating(status));
  EXPECT_FALSE(kube::IsForbidden(status));
  EXPECT_EQ(ReasonOf(status), Reason::ERROR_REASON_NAMESPACE_NOT_FOUND);
}

TEST(ErrorsTest, CopesWithAnswersThatAreNotFromKubernetes) {
  HttpResponse response;
  response.head.status = 502;
  response.body = "<html>Bad Gateway</html>\nmore";
  const absl::Status status = ErrorFromResponse(response, "get services");
  EXPECT_TRUE(kube::IsUnavailable(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("<html>Bad Gateway</html> (HTTP 502)"));
  EXPECT_TRUE(KubernetesStatus(status).is_null());
}

TEST(ErrorsTest, SpeaksOnlyOfItsOwnErrors) {
  EXPECT_FALSE(kube::IsNotFound(absl::NotFoundError("elsewhere")));
  EXPECT_FALSE(kube::IsUnavailable(absl::UnavailableError("elsewhere")));
  EXPECT_FALSE(kube::IsConflict(absl::OkStatus()));
  EXPECT_FALSE(MayHaveBeenApplied(absl::OkStatus()));
}

TEST(ErrorsTest, PassesRetryAfterOn) {
  HttpResponse response;
  response.head.status = 429;
  response.head.headers["retry-after"] = "7";
  EXPECT_EQ(RetryAfterOf(ErrorFromResponse(response, "list")), std::chrono::seconds(7));
  response.head.headers["retry-after"] = "Fri, 02 Jan 2026 03:04:05 GMT";
  EXPECT_FALSE(RetryAfterHeader(response.head).has_value());
}

}  // namespace
}  // namespace berth::kube
