#include "helm-service/adapters/source_refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/status/status.h"

namespace berth::helm {
namespace {

using ::testing::HasSubstr;

TEST(SourceRefusalTest, TellsDeniedAndMissingAndBrokenApart) {
  struct Case {
    int http_status;
    absl::StatusCode code;
    Reason reason;
  };
  for (const Case& each : {
           Case{401, absl::StatusCode::kPermissionDenied, Reason::ERROR_REASON_CHART_SOURCE_DENIED},
           Case{403, absl::StatusCode::kPermissionDenied, Reason::ERROR_REASON_CHART_SOURCE_DENIED},
           Case{404, absl::StatusCode::kNotFound, Reason::ERROR_REASON_CHART_NOT_FOUND},
           Case{429, absl::StatusCode::kUnavailable, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE},
           Case{500, absl::StatusCode::kUnavailable, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE},
           Case{503, absl::StatusCode::kUnavailable, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE},
           Case{400, absl::StatusCode::kFailedPrecondition,
                Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE},
           Case{302, absl::StatusCode::kFailedPrecondition,
                Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE},
       }) {
    const absl::Status status = SourceRefusal(each.http_status, "chart");
    EXPECT_EQ(status.code(), each.code) << each.http_status;
    EXPECT_EQ(ReasonOf(status), each.reason) << each.http_status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(std::to_string(each.http_status)));
  }
}

TEST(SourceRefusalTest, NamesWhatIsMissing) {
  EXPECT_THAT(std::string(SourceRefusal(404, "repository").message()), HasSubstr("repository"));
}

}  // namespace
}  // namespace berth::helm
