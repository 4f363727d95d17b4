#pragma once

#include <chrono>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "common/kube/clock.h"
#include "common/kube/time.h"
#include "common/sync/mutex.h"

namespace berth::kube {

/// The API server's wall clock, from the Date headers of its answers. Replicas judge TTLs by it, so
/// that their own clocks do not matter. Thread safe.
class ServerClock {
 public:
  explicit ServerClock(const Clock& clock);

  struct Reading {
    Time now;
    /// Since the last answer that carried a Date. Nothing may expire on one older than 60 s.
    std::chrono::steady_clock::duration sample_age;
  };
  /// None before the first sample.
  std::optional<Reading> Read() const;

  /// Takes the Date of an answer to a request that was sent and received at these moments. Samples
  /// are smoothed; one that is off by more than 5 s replaces the offset at once.
  void AddSample(Time date, Clock::TimePoint sent, Clock::TimePoint received);

 private:
  const Clock& clock_;
  mutable Mutex mutex_;
  /// Server time minus monotonic time.
  std::optional<std::chrono::microseconds> offset_ ABSL_GUARDED_BY(mutex_);
  Clock::TimePoint last_sample_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::kube
