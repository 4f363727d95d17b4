#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "common/kube/http_transport.h"
#include "common/kube/json.h"

// How Client and Watch make the errors that errors.h reads.
namespace berth::kube {

/// From an answer that is not 2xx. `what` names the call: "create portclaims berth/a.tcp.1".
absl::Status ErrorFromResponse(const HttpResponse& response, std::string_view what);
/// From the metav1.Status of an ERROR event.
absl::Status ErrorFromStatusObject(const Json& kubernetes_status, std::string_view what);
/// From a failure of the connection.
absl::Status ErrorFromFailure(const absl::Status& failure, std::string_view what);
/// The error with MayHaveBeenApplied true.
absl::Status MarkMayHaveBeenApplied(absl::Status status);

/// Retry-After in seconds, if it is there in that form.
std::optional<std::chrono::seconds> RetryAfterHeader(const HttpHead& head);

}  // namespace berth::kube
