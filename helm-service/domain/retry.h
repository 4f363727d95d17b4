#pragma once

#include <chrono>

#include "absl/status/status.h"
#include "common/operation/handler.h"

namespace berth::helm {

/// After so long an operation tries again what failed for a reason that may pass.
inline constexpr std::chrono::seconds kRetry{1};

/// Whether the Kubernetes API failed for a reason that may pass.
bool IsPassing(const absl::Status& error);

/// Tries again what failed for such a reason, until the operation's deadline ends that; fails with
/// any other.
operation::Progress WaitOrFail(const absl::Status& error);

}  // namespace berth::helm
