#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "helm-service/domain/object_ref.h"
#include "helm-service/domain/readiness.h"

namespace berth::helm {

/// An object, or a hook, that kept an action from its goal. Known secrets are replaced in every
/// text.
struct UnreadyObject {
  ObjectRef object;
  Readiness readiness;
  /// What Kubernetes warned about it or about what it owns last, oldest first, each as
  /// "Reason: message".
  std::vector<std::string> warnings;
};

/// The error of an action that failed, naming the objects that kept it from its goal and why: a few
/// in its text, more of them as violations of PreconditionFailure. Errors that no object explains
/// stay as they are; ErrorInfo's metadata are not kept.
absl::Status NameUnready(const absl::Status& error, const std::vector<UnreadyObject>& unready);

}  // namespace berth::helm
