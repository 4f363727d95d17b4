#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace berth::kube {

/// Monotonic time that can be waited for; tests put a fake in its place. Thread safe.
class Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  /// Waits on `wake` until it is notified or `time` has come; may return early. `lock` holds the
  /// mutex that guards the condition waited for.
  virtual void WaitUntil(std::unique_lock<std::mutex>& lock, std::condition_variable& wake,
                         TimePoint time) = 0;
};

/// The system's clock; it has no state, so one serves everybody.
Clock& RealClock();

}  // namespace berth::kube
