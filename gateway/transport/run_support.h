#pragma once

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "common/operation/handler.h"
#include "gateway/domain/operation_view.h"

// What the handlers of all operations share.
namespace berth::gateway {

OperationView ViewOf(const operation::Run& run);

/// Whether a failure may pass by itself, so that a step is worth repeating until time is up.
bool MayPass(const absl::Status& error);

/// Look again soon: a step could not be done, or not be recorded.
operation::Wait TryAgain();

/// Calls `begin`, which records the operation's plan, unless that was done before. What to answer
/// while it is not: an end if it was cancelled or is out of time, or if `begin` failed for good.
std::optional<operation::Progress> BeginOnce(operation::Run& run,
                                             const std::function<absl::Status()>& begin);

/// Records the undo, then looks again at once.
operation::Progress StartUndo(operation::Run& run, const absl::Status& cause);

}  // namespace berth::gateway
