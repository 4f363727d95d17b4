#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "common/sync/mutex.h"

namespace berth::helm {

/// How many Helm processes may run at one time, shared fairly between namespaces: when a slot falls
/// free it goes to the namespaces in turn, within each to the one that came first. Thread safe;
/// outlives its tickets.
class ProcessSlots {
 public:
  /// A place in the line, and then a slot; given back when destroyed.
  class Ticket {
   public:
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    /// Whether it holds a slot. Once true it stays so.
    bool granted() const;

   private:
    friend class ProcessSlots;
    Ticket(ProcessSlots& slots, std::string ns, std::function<void()> wake);

    ProcessSlots& slots_;
    const std::string ns_;
    const std::function<void()> wake_;
    bool granted_ = false;  // guarded by slots_.mutex_
  };

  /// `on_waiting` is told by how much the number of waiting tickets has changed; any thread, must
  /// not block.
  explicit ProcessSlots(
      std::size_t count, std::function<void(int change)> on_waiting = [](int) {})
      : on_waiting_(std::move(on_waiting)), free_(count) {}

  /// Joins the line. `wake` is called, from any thread, if the slot is granted later than at once;
  /// it must not block or touch tickets.
  std::unique_ptr<Ticket> Enter(const std::string& ns, std::function<void()> wake);

 private:
  void Leave(Ticket& ticket);
  // Takes the next waiting ticket out of the line; null if none waits or no slot is free.
  Ticket* GrantNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::function<void(int change)> on_waiting_;
  mutable Mutex mutex_;
  std::size_t free_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::deque<Ticket*>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::string last_namespace_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::helm
