#include "gateway/transport/run_support.h"

#include <chrono>

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

operation::Progress StartUndo(operation::Run& run, const absl::Status& cause) {
  if (const absl::Status begun = run.BeginUndo(cause); !begun.ok()) {
    return TryAgain();
  }
  return operation::Wait{std::chrono::milliseconds(0)};
}

}  // namespace berth::gateway
