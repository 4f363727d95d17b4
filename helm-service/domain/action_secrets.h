#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "helm-service/domain/action.h"
#include "helm-service/domain/redactor.h"
#include "helm-service/domain/release_reader.h"

namespace berth::helm {

/// A redactor that knows the values of an action: those sent with it, and those that Helm takes
/// from an earlier revision, which is read for that. Errors: the reader's, but not that there is no
/// such revision or that it is unreadable, for then Helm takes nothing from it either.
absl::StatusOr<std::shared_ptr<Redactor>> MakeRedactor(const Action& action, ReleaseReader& reader);

}  // namespace berth::helm
