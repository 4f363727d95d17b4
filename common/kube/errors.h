#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/kube/json.h"

namespace berth::kube {

/// What a failed call to the API server means. Every status made by Client answers these; for a
/// status from elsewhere each is false.
///
/// | HTTP and reason         | absl code          | ErrorInfo reason       |
/// |-------------------------|--------------------|------------------------|
/// | 404                     | NOT_FOUND          | KUBERNETES_NOT_FOUND, NAMESPACE_NOT_FOUND |
/// | 409 AlreadyExists       | ALREADY_EXISTS     | KUBERNETES_CONFLICT    |
/// | 409 Conflict            | ABORTED            | KUBERNETES_CONFLICT    |
/// | 410                     | OUT_OF_RANGE       | KUBERNETES_CONFLICT    |
/// | 400, 413, 415, 422      | INVALID_ARGUMENT   | KUBERNETES_INVALID     |
/// | 401                     | UNAUTHENTICATED    | KUBERNETES_FORBIDDEN   |
/// | 403                     | PERMISSION_DENIED  | KUBERNETES_FORBIDDEN   |
/// | 403 NamespaceTerminating| FAILED_PRECONDITION| NAMESPACE_NOT_FOUND    |
/// | 429, 5xx, connection    | UNAVAILABLE        | KUBERNETES_UNAVAILABLE |
/// | time is up              | DEADLINE_EXCEEDED  | KUBERNETES_UNAVAILABLE |

// absl has functions of some of these names: call them as kube::IsNotFound(status).

bool IsNotFound(const absl::Status& status);
bool IsAlreadyExists(const absl::Status& status);
/// The object changed since it was read, or a precondition on uid or resourceVersion failed.
bool IsConflict(const absl::Status& status);
/// The resourceVersion or continue token asked for is compacted away (HTTP 410).
bool IsExpired(const absl::Status& status);
bool IsInvalid(const absl::Status& status);
bool IsForbidden(const absl::Status& status);
/// A create was refused because the namespace is being deleted.
bool IsNamespaceTerminating(const absl::Status& status);
/// The server could not be reached, was overloaded, failed, or did not answer in time.
bool IsUnavailable(const absl::Status& status);

/// A write failed, yet it may have taken effect: an answer was lost on the way. Either the call
/// gave up (then the error is UNAVAILABLE or DEADLINE_EXCEEDED), or it was repeated and met its own
/// success: Create then says ALREADY_EXISTS, Update ABORTED, Delete NOT_FOUND or ABORTED. The
/// caller re-reads the object and decides whether what it finds is its own.
bool MayHaveBeenApplied(const absl::Status& status);

/// One entry of a Kubernetes Status' details.causes.
struct StatusCause {
  std::string reason;
  std::string field;
  std::string message;
};
/// The fields an object was refused for (how long to wait is RetryAfterOf of common/status); empty
/// if the status carries none.
std::vector<StatusCause> Causes(const absl::Status& status);
/// The server's metav1.Status; null if the status carries none.
Json KubernetesStatus(const absl::Status& status);

}  // namespace berth::kube
