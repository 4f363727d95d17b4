#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "common/sync/mutex.h"

namespace berth::rpc {

/// Why and how a process is to stop.
struct Stop {
  enum class Urgency {
    kDrain,  // finish running work first
    kNow,    // no time: another replica may take over already
  };
  std::string reason;
  Urgency urgency = Urgency::kDrain;
};

/// Waits for SIGTERM, SIGINT or the process's own wish to stop. One object per process, the first
/// thing that main makes: it blocks both signals for the calling thread and so for every thread
/// started later, and ignores SIGPIPE. Child processes inherit that mask; whoever spawns them
/// resets it.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// Makes Wait return. The first request counts, a later one only if it is more urgent. Any
  /// thread.
  void Request(Stop stop);

  /// Blocks until a signal or a request comes. Main thread only.
  Stop Wait();

 private:
  Mutex mutex_;
  std::optional<Stop> requested_ ABSL_GUARDED_BY(mutex_);
  int signal_fd_ = -1;
  int wake_fd_ = -1;
};

}  // namespace berth::rpc
