#pragma once

#include <chrono>

#include "absl/status/status.h"
#include "common/operation/manager.h"

namespace berth::operation {

/// Blocks until the manager's caches are filled; before that it answers NOT_READY. UNAVAILABLE
/// (NOT_READY) at `deadline`.
absl::Status WaitUntilReady(const Manager& manager, std::chrono::steady_clock::time_point deadline);

}  // namespace berth::operation
