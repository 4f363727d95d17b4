#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "helm-service/domain/action.h"

namespace berth::helm {

/// How a Helm process ended: one of both.
struct HelmExit {
  std::optional<int> code;
  std::optional<int> signal;
};

enum class HelmStream { kStdout, kStderr };

/// Runs the helm program. Thread safe.
class HelmRunner {
 public:
  struct Task {
    /// Helm's own bound on each of its waits.
    std::chrono::seconds wait_timeout{};
    /// From the start; then the process is killed.
    std::chrono::milliseconds kill_after{};
  };

  /// Called from a thread of the runner's; must not block.
  struct Callbacks {
    std::function<void(HelmStream stream, std::string line)> on_line;
    /// Once, last. CANCELLED: this process is about to stop and Helm was not started.
    std::function<void(absl::StatusOr<HelmExit> exit)> on_exit;
  };

  /// A Helm process. Destroying it kills what still runs; callbacks may come until it has ended.
  class Process {
   public:
    virtual ~Process() = default;
    /// Asks Helm to stop.
    virtual void Terminate() = 0;
    /// Ends it at once.
    virtual void Kill() = 0;
  };

  virtual ~HelmRunner() = default;

  /// Starts Helm for an action, which is only used during the call. Errors: whatever kept the
  /// process from being prepared; `on_exit` is not called then.
  virtual absl::StatusOr<std::unique_ptr<Process>> Start(const Action& action, const Task& task,
                                                         Callbacks callbacks) = 0;
};

}  // namespace berth::helm
