#include "helm-service/adapters/source_refusal.h"

#include <fmt/format.h>

#include "common/http/status.h"
#include "common/status/status.h"

namespace berth::helm {

absl::Status SourceRefusal(int http_status, std::string_view what) {
  switch (http_status) {
    case http::kUnauthorized:
    case http::kForbidden:
      return Error(
          absl::StatusCode::kPermissionDenied, Reason::ERROR_REASON_CHART_SOURCE_DENIED,
          fmt::format("the server refuses access (HTTP {}); does it need other credentials?",
                      http_status));
    case http::kNotFound:
      return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CHART_NOT_FOUND,
                   fmt::format("the server has no such {} (HTTP {})", what, http_status));
    default:
      break;
  }
  const bool passes = http_status >= http::kServerError || http_status == http::kTooManyRequests;
  return Error(passes ? absl::StatusCode::kUnavailable : absl::StatusCode::kFailedPrecondition,
               Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE,
               fmt::format("the server does not send the {} (HTTP {})", what, http_status));
}

}  // namespace berth::helm
