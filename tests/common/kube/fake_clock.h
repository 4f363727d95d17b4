#pragma once

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/clock.h"
#include "common/sync/mutex.h"

namespace berth::kube {

/// Time that passes only when a test says so.
class FakeClock final : public Clock {
 public:
  TimePoint Now() const override {
    MutexLock lock(mutex_);
    return now_;
  }

  void WaitUntil(Mutex& mutex, CondVar& wake, TimePoint time) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    {
      MutexLock lock(mutex_);
      if (now_ >= time) return;
      waiters_.emplace_back(&mutex, &wake);
      changed_.NotifyAll();
    }
    wake.Wait(mutex);
    MutexLock lock(mutex_);
    waiters_.erase(std::find(waiters_.begin(), waiters_.end(), std::pair(&mutex, &wake)));
  }

  void Advance(std::chrono::milliseconds by) {
    std::vector<std::pair<Mutex*, CondVar*>> waiters;
    {
      MutexLock lock(mutex_);
      now_ += by;
      waiters = waiters_;
    }
    for (const auto& [mutex, wake] : waiters) {
      MutexLock lock(*mutex);
      wake->NotifyAll();
    }
  }

  /// Returns once this many threads wait for time to pass.
  void AwaitWaiters(std::size_t count) {
    MutexLock lock(mutex_);
    while (waiters_.size() < count) changed_.Wait(mutex_);
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  TimePoint now_ ABSL_GUARDED_BY(mutex_) = TimePoint(std::chrono::hours(1));
  std::vector<std::pair<Mutex*, CondVar*>> waiters_ ABSL_GUARDED_BY(mutex_);
};

/// Time that passes at once whenever somebody waits for it.
class ImpatientClock final : public Clock {
 public:
  TimePoint Now() const override {
    MutexLock lock(mutex_);
    return now_;
  }

  void WaitUntil(Mutex&, CondVar&, TimePoint time) override {
    MutexLock lock(mutex_);
    waits_.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(time - now_));
    now_ = std::max(now_, time);
  }

  /// How long each wait was.
  std::vector<std::chrono::milliseconds> waits() const {
    MutexLock lock(mutex_);
    return waits_;
  }

 private:
  mutable Mutex mutex_;
  TimePoint now_ ABSL_GUARDED_BY(mutex_) = TimePoint(std::chrono::hours(1));
  std::vector<std::chrono::milliseconds> waits_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::kube
