#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/process/command.h"
#include "common/process/unique_fd.h"
#include "common/sync/mutex.h"

namespace berth::process {

/// Called on the supervisor's thread: must not block, may call the supervisor.
struct Callbacks {
  /// Each line of output, in the order of its stream.
  std::function<void(OutputLine line)> on_line;
  /// Called once, last: how the child ended, or why it could not be started.
  std::function<void(absl::StatusOr<Exit> exit)> on_exit;
};

/// What a child left behind.
struct Result {
  Exit exit;
  std::vector<OutputLine> lines;
};

/// Runs child processes, all on one thread: epoll over their pipes and pidfds.
///
/// Each child leads a process group, and whatever is left of the group is killed when the child
/// ends. No child outlives the supervisor, nor the process: the kernel kills it with the
/// supervisor's thread.
///
/// Thread safe. Destroying it is Shutdown.
class Supervisor {
 public:
  using Id = std::uint64_t;

  /// Errors: RESOURCE_EXHAUSTED or UNAVAILABLE when the kernel gives no descriptor.
  static absl::StatusOr<std::unique_ptr<Supervisor>> Create();

  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// Kills every child and reports each as stopped before it returns; whatever is started from then
  /// on is reported as CANCELLED. Idempotent. Not to be called from a callback.
  void Shutdown() ABSL_LOCKS_EXCLUDED(mutex_);

  /// As Shutdown, without waiting for it. From any thread.
  void BeginShutdown() ABSL_LOCKS_EXCLUDED(mutex_);

  /// Starts a child soon. Never fails: `callbacks.on_exit` tells.
  Id Start(Command command, Callbacks callbacks);

  /// Stops a child as its policy says. Nothing happens if it has ended or is being stopped.
  void Stop(Id id);

  /// Sends a signal to a child's process group; what comes of it is the child's affair. Nothing
  /// happens if it has ended.
  void Signal(Id id, int signal);

  /// Kills a child's process group now. Nothing happens if it has ended.
  void Kill(Id id);

  /// Starts a child and waits for its end. Not to be called from a callback.
  absl::StatusOr<Result> Run(Command command);

 private:
  class Child;
  using Task = std::function<void()>;

  Supervisor(UniqueFd epoll, UniqueFd wake);

  void Apply(Id id, std::function<void(Child& child)> action);
  // False once the thread has ended: the task is dropped.
  bool Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_);
  void Loop(const std::stop_token& stop);
  // Whether the thread may end: it is to stop, and neither children nor tasks are left.
  bool EndIfIdle() ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<Task> TakeTasks() ABSL_LOCKS_EXCLUDED(mutex_);
  void Launch(Id id, Command command, Callbacks callbacks);
  void Dispatch(std::uint64_t event);
  void OnExited(Id id);
  int MillisecondsToNextTimer() const;
  void FireTimers();

  const UniqueFd epoll_;
  const UniqueFd wake_;

  Mutex mutex_;
  std::vector<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  Id next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;

  // Used by thread_ alone.
  std::unordered_map<Id, std::unique_ptr<Child>> children_;
  bool stopping_ = false;

  std::jthread thread_;
};

}  // namespace berth::process
