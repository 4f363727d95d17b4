#include "gateway/transport/run_support.h"

#include <chrono>
#include <string>
#include <utility>

#include "gateway/domain/expose_steps.h"
#include "gateway/domain/reconcile.h"

namespace berth::gateway {

OperationView ViewOf(const operation::Run& run) {
  return {.name = run.name(),
          .cancel_requested = run.cancel_requested(),
          .out_of_time = run.remaining() == std::chrono::milliseconds::zero()};
}

bool MayPass(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return absl::IsResourceExhausted(error) && !IsLasting(error);
  }
}

operation::Wait TryAgain() { return {std::chrono::seconds(1)}; }

std::optional<operation::Progress> BeginOnce(operation::Run& run,
                                             const std::function<absl::Status()>& begin) {
  if (run.effects_begun()) {
    return std::nullopt;
  }
  if (run.cancel_requested() || ViewOf(run).out_of_time) {
    const std::string waited_for = "its turn";
    return operation::Failed{run.cancel_requested() ? CancelledError(waited_for)
                                                    : TimeoutError(waited_for)};
  }
  if (absl::Status begun = begin(); !begun.ok()) {
    return MayPass(begun) ? operation::Progress(TryAgain()) : operation::Failed{std::move(begun)};
  }
  return std::nullopt;
}

operation::Progress StartUndo(operation::Run& run, const absl::Status& cause) {
  if (const absl::Status begun = run.BeginUndo(cause); !begun.ok()) {
    return TryAgain();
  }
  return operation::Wait{std::chrono::milliseconds(0)};
}

}  // namespace berth::gateway
