#pragma once

#include <chrono>

#include "absl/base/thread_annotations.h"
#include "common/sync/mutex.h"

namespace berth::kube {

/// Monotonic time that can be waited for; tests put a fake in its place. Thread safe.
class Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  /// Waits on `wake` until it is notified or `time` has come; may return early. `mutex` guards the
  /// condition waited for.
  virtual void WaitUntil(Mutex& mutex, CondVar& wake, TimePoint time)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) = 0;
};

/// The system's clock; it has no state, so one serves everybody.
Clock& RealClock();

}  // namespace berth::kube
