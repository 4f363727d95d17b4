#include "common/kube/errors.h"

#include <fmt/format.h>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "common/http/status.h"
#include "common/kube/error_response.h"
#include "common/kube/object.h"
#include "common/status/status.h"

namespace berth::kube {
namespace {

constexpr char kStatusPayload[] = "berth.dev/kubernetes-status";
constexpr char kMayHaveBeenAppliedPayload[] = "berth.dev/kubernetes-may-have-been-applied";
constexpr std::string_view kNamespaceTerminating = "NamespaceTerminating";

/// What one kind of refusal becomes; see the table in errors.h.
struct Meaning {
  absl::StatusCode code;
  Reason reason;
};

bool HasCause(const Json& kubernetes_status, std::string_view reason) {
  const Json& causes = At(kubernetes_status, {"details", "causes"});
  if (!causes.is_array()) return false;
  for (const Json& cause : causes) {
    if (StringAt(cause, {"reason"}) == reason) return true;
  }
  return false;
}

Meaning MeaningOf(int http_status, const Json& kubernetes_status) {
  const std::string reason = StringAt(kubernetes_status, {"reason"});
  switch (http_status) {
    case http::kUnauthorized:
      return {absl::StatusCode::kUnauthenticated, Reason::ERROR_REASON_KUBERNETES_FORBIDDEN};
    case http::kForbidden:
      if (HasCause(kubernetes_status, kNamespaceTerminating)) {
        return {absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_NAMESPACE_NOT_FOUND};
      }
      return {absl::StatusCode::kPermissionDenied, Reason::ERROR_REASON_KUBERNETES_FORBIDDEN};
    case http::kNotFound:
      if (StringAt(kubernetes_status, {"details", "kind"}) == "namespaces") {
        return {absl::StatusCode::kNotFound, Reason::ERROR_REASON_NAMESPACE_NOT_FOUND};
      }
      return {absl::StatusCode::kNotFound, Reason::ERROR_REASON_KUBERNETES_NOT_FOUND};
    case http::kConflict:
      if (reason == "AlreadyExists") {
        return {absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_KUBERNETES_CONFLICT};
      }
      return {absl::StatusCode::kAborted, Reason::ERROR_REASON_KUBERNETES_CONFLICT};
    case http::kGone:
      return {absl::StatusCode::kOutOfRange, Reason::ERROR_REASON_KUBERNETES_CONFLICT};
    case http::kTooManyRequests:
      return {absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE};
    default:
      if (http_status >= http::kBadRequest && http_status < http::kServerError) {
        return {absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_KUBERNETES_INVALID};
      }
      return {absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE};
  }
}

/// The first line of a body that is not a metav1.Status, cut short.
std::string Excerpt(const std::string& body) {
  constexpr std::size_t kMaxExcerpt = 200;
  return body.substr(0, std::min(body.find('\n'), kMaxExcerpt));
}

std::string Payload(const absl::Status& status, absl::string_view type) {
  const auto payload = status.GetPayload(type);
  return payload ? std::string(*payload) : std::string();
}

bool IsKubernetesError(const absl::Status& status, absl::StatusCode code) {
  return status.code() == code && status.GetPayload(kStatusPayload).has_value();
}

}  // namespace

absl::Status ErrorFromResponse(const HttpResponse& response, std::string_view what) {
  Json kubernetes_status = Json::parse(response.body, nullptr, /*allow_exceptions=*/false);
  if (StringAt(kubernetes_status, {"kind"}) != "Status") kubernetes_status = Json::object();
  std::string message = StringAt(kubernetes_status, {"message"});
  if (message.empty()) message = Excerpt(response.body);
  const Meaning meaning = MeaningOf(response.head.status, kubernetes_status);
  Error error(meaning.code, meaning.reason,
              fmt::format("{}: {} (HTTP {})", what, message, response.head.status));
  if (const auto wait = RetryAfterHeader(response.head)) {
    error = std::move(error).WithRetryAfter(*wait);
  }
  absl::Status status = std::move(error);
  status.SetPayload(kStatusPayload, absl::Cord(kubernetes_status.dump(
                                        -1, ' ', false, Json::error_handler_t::replace)));
  return status;
}

absl::Status ErrorFromStatusObject(const Json& kubernetes_status, std::string_view what) {
  const auto code = IntAt(kubernetes_status, {"code"});
  HttpResponse response;
  response.head.status = static_cast<int>(code.value_or(http::kServerError));
  response.body = kubernetes_status.dump(-1, ' ', false, Json::error_handler_t::replace);
  return ErrorFromResponse(response, what);
}

absl::Status ErrorFromFailure(const absl::Status& failure, std::string_view what) {
  absl::Status status =
      Error(failure.code(), Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE,
            fmt::format("{}: {}", what,
                        std::string_view(failure.message().data(), failure.message().size())));
  status.SetPayload(kStatusPayload, absl::Cord("{}"));
  return status;
}

absl::Status MarkMayHaveBeenApplied(absl::Status status) {
  status.SetPayload(kMayHaveBeenAppliedPayload, absl::Cord("true"));
  return status;
}

std::optional<std::chrono::seconds> RetryAfterHeader(const HttpHead& head) {
  const auto found = head.headers.find("retry-after");
  if (found == head.headers.end()) return std::nullopt;
  const auto seconds = ParseResourceVersion(found->second);  // a plain number, too
  constexpr std::uint64_t kMaxSeconds = 3600;
  if (!seconds || *seconds > kMaxSeconds) return std::nullopt;
  return std::chrono::seconds(*seconds);
}

bool IsNotFound(const absl::Status& status) {
  return IsKubernetesError(status, absl::StatusCode::kNotFound);
}

bool IsAlreadyExists(const absl::Status& status) {
  return IsKubernetesError(status, absl::StatusCode::kAlreadyExists);
}

bool IsConflict(const absl::Status& status) {
  return IsKubernetesError(status, absl::StatusCode::kAborted);
}

bool IsExpired(const absl::Status& status) {
  return IsKubernetesError(status, absl::StatusCode::kOutOfRange);
}

bool IsInvalid(const absl::Status& status) {
  return IsKubernetesError(status, absl::StatusCode::kInvalidArgument);
}

bool IsForbidden(const absl::Status& status) {
  return IsKubernetesError(status, absl::StatusCode::kPermissionDenied);
}

bool IsNamespaceTerminating(const absl::Status& status) {
  return IsKubernetesError(status, absl::StatusCode::kFailedPrecondition);
}

bool IsUnavailable(const absl::Status& status) {
  return IsKubernetesError(status, absl::StatusCode::kUnavailable) ||
         IsKubernetesError(status, absl::StatusCode::kDeadlineExceeded);
}

bool MayHaveBeenApplied(const absl::Status& status) {
  return status.GetPayload(kMayHaveBeenAppliedPayload).has_value();
}

std::vector<StatusCause> Causes(const absl::Status& status) {
  std::vector<StatusCause> found;
  const Json kubernetes_status = KubernetesStatus(status);
  const Json& causes = At(kubernetes_status, {"details", "causes"});
  if (!causes.is_array()) return found;
  for (const Json& cause : causes) {
    found.push_back({.reason = StringAt(cause, {"reason"}),
                     .field = StringAt(cause, {"field"}),
                     .message = StringAt(cause, {"message"})});
  }
  return found;
}

Json KubernetesStatus(const absl::Status& status) {
  const Json stored = Json::parse(Payload(status, kStatusPayload), nullptr, false);
  return stored.is_object() && !stored.empty() ? stored : Json();
}

}  // namespace berth::kube
