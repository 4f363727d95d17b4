#pragma once

#include <chrono>
#include <string>

#include "absl/base/thread_annotations.h"
#include "common/kube/work_queue.h"
#include "common/sync/mutex.h"

namespace berth::operation {

/// Lets handlers wake their operations at any time, also when the queue is gone. Shared by the
/// manager and all reporters. Any thread.
class WakeGate {
 public:
  /// `queue` outlives the open gate.
  explicit WakeGate(kube::WorkQueue& queue) : queue_(&queue) {}

  void Wake(const std::string& operation, std::chrono::milliseconds within) {
    MutexLock lock(mutex_);
    if (queue_ != nullptr) queue_->AddAfter(operation, within);
  }

  /// From here on Wake does nothing.
  void Close() {
    MutexLock lock(mutex_);
    queue_ = nullptr;
  }

 private:
  Mutex mutex_;
  kube::WorkQueue* queue_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::operation
