#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "common/kube/clock.h"
#include "common/kube/work_queue.h"
#include "common/sync/mutex.h"

namespace berth::operation {

/// Runs tasks that may block, now or later, on a few threads of its own. Tasks that have not begun
/// when it stops are dropped. Any thread.
class Executor {
 public:
  Executor(std::string name, int threads, kube::Clock& clock);

  void Start();
  /// Waits for tasks that run. Not from a task.
  void Stop();

  void Post(std::function<void()> task);
  void PostAfter(std::chrono::milliseconds delay, std::function<void()> task);

 private:
  std::function<void()> Take(const std::string& key);

  Mutex mutex_;
  std::uint64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  kube::WorkQueue queue_;
};

}  // namespace berth::operation
