#pragma once

#include "absl/status/status.h"
#include "helm-service/domain/action.h"
#include "helm-service/domain/helm_version.h"

namespace berth::helm {

/// Whether a Helm of this version knows every option that the action uses. Errors: UNIMPLEMENTED
/// (OPTION_NOT_SUPPORTED), naming the first that it does not know and the version that does, also
/// in metadata `option` and `needs`.
absl::Status CheckOptions(const Action& action, const HelmVersion& version);

}  // namespace berth::helm
