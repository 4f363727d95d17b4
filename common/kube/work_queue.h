#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/kube/clock.h"
#include "common/sync/mutex.h"

namespace berth::kube {

/// A controller's queue of keys: each waits at most once, is worked on by one thread at a time, and
/// comes back by itself after a failure. A key added while it is worked on runs once more.
///
/// Threads: `workers` of its own, from Start to Stop. All methods may be called from any thread.
/// Level-triggered: a key says which object to look at, never what happened to it.
class WorkQueue {
 public:
  /// OK and a value: look again after it. OK and none: done. An error: again after the backoff.
  using Outcome = absl::StatusOr<std::optional<std::chrono::milliseconds>>;
  using Handler = std::function<Outcome(const std::string& key, std::stop_token stop)>;

  struct Options {
    /// Names the threads (up to 15 bytes).
    std::string name;
    int workers = 1;
    /// The wait after a key's first failure; doubled by each further one, with up to 20 % of
    /// jitter.
    std::chrono::milliseconds min_backoff = std::chrono::milliseconds(50);
    std::chrono::milliseconds max_backoff = std::chrono::seconds(60);
    /// Called after every failure; may be empty.
    std::function<void(const std::string& key, const absl::Status& error)> on_error;
  };

  /// `clock` is borrowed.
  WorkQueue(Options options, Handler handler, Clock& clock = RealClock());
  /// Stops.
  ~WorkQueue();

  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  /// Starts the workers; once. Keys may be added before.
  void Start();
  /// Asks running handlers to stop and waits for them. What still waits is dropped.
  void Stop();

  /// As soon as a worker is free.
  void Add(const std::string& key);
  /// Not before `delay` has passed; the earlier of two times counts.
  void AddAfter(const std::string& key, std::chrono::milliseconds delay);

  /// Whether a key that is worked on was added meanwhile, for now or for later.
  bool WasAddedMeanwhile(const std::string& key) const;
  /// Keys that wait, are due, or are worked on.
  std::size_t size() const;

 private:
  struct Entry {
    /// When it is due; none while it only runs.
    std::optional<Clock::TimePoint> due;
    bool running = false;
    int failures = 0;
  };

  void Work(const std::stop_token& stop);
  void Schedule(const std::string& key, Clock::TimePoint due) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Finish(const std::string& key, const Outcome& outcome);
  std::chrono::milliseconds Backoff(int failures) const;

  const Options options_;
  const Handler handler_;
  Clock& clock_;

  mutable Mutex mutex_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  /// The keys that have a due time and do not run, by that time.
  std::set<std::pair<Clock::TimePoint, std::string>> order_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::jthread> workers_;
};

}  // namespace berth::kube
