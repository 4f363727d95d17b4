#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/config.h"
#include "common/process/command.h"
#include "common/process/supervisor.h"
#include "helm-service/adapters/helm_metrics.h"
#include "helm-service/adapters/work_directory.h"
#include "helm-service/domain/chart_renderer.h"
#include "helm-service/domain/helm_runner.h"
#include "helm-service/domain/helm_version.h"

namespace berth::helm {

/// Runs the `helm` program, each time in a private folder with an environment, an empty plugin
/// folder and a kubeconfig of its own; values by standard input. Of its caches only the one of the
/// API server's discovery is shared between runs: all of them work on the same server as the same
/// user, and client-go replaces its files in one step. Thread safe.
class HelmProcessRunner final : public HelmRunner, public ChartRenderer {
 public:
  struct Options {
    /// A path, or a name to look up in $PATH.
    std::string binary = "helm";
    /// Where the private folders are made.
    std::string work_directory = "/tmp/berth";
    /// The API server that Helm works on, and as whom.
    kube::Config kube;
    /// Per Helm process.
    process::ResourceLimits resource_limits = {.address_space_bytes = std::uint64_t{8} << 30,
                                               .file_size_bytes = std::uint64_t{512} << 20,
                                               .open_files = 1024};
    process::OutputLimits output_limits;
  };

  /// Finds the program and asks it for its version. `supervisor` and `metrics` outlive the runner.
  /// Blocks. Errors: INTERNAL (HELM_UNAVAILABLE).
  static absl::StatusOr<std::unique_ptr<HelmProcessRunner>> Create(process::Supervisor& supervisor,
                                                                   HelmMetrics& metrics,
                                                                   Options options);

  const HelmVersion& version() const { return version_; }

  /// Kills every Helm, without waiting for its end; that one, and every later start, is reported
  /// as CANCELLED. From any thread.
  void Leave();

  absl::StatusOr<std::unique_ptr<Process>> Start(const Action& action, const Task& task,
                                                 Callbacks callbacks) override;

  absl::StatusOr<RenderOutcome> Render(const Rendering& rendering,
                                       std::chrono::milliseconds kill_after) override;
  absl::StatusOr<RenderOutcome> DryRun(const Action& action,
                                       std::chrono::milliseconds kill_after) override;

 private:
  /// Whether Helm may know a cluster.
  enum class Cluster { kNone, kReachable };
  /// What a process printed on standard output, and what it said on the other.
  struct Printed {
    HelmExit exit;
    std::string output;
    std::vector<std::string> messages;
  };

  HelmProcessRunner(process::Supervisor& supervisor, HelmMetrics& metrics, Options options,
                    std::unique_ptr<WorkDirectory> work);

  absl::StatusOr<HelmVersion> ProbeVersion();
  /// A command without arguments and input that runs in `directory`, which is filled for it.
  absl::StatusOr<process::Command> Prepare(const RunDirectory& directory, Cluster cluster) const;
  /// The same with the chart and the values of an action.
  absl::StatusOr<process::Command> Prepare(const RunDirectory& directory, Cluster cluster,
                                           const Action& action) const;
  /// Runs a command to its end for what it prints, up to `limit` bytes.
  absl::StatusOr<Printed> RunForOutput(process::Command command, std::size_t limit,
                                       std::chrono::milliseconds kill_after);

  /// What is told of an exit of the supervisor's.
  absl::StatusOr<HelmExit> Translate(const absl::StatusOr<process::Exit>& exit) const;

  process::Supervisor& supervisor_;
  HelmMetrics& metrics_;
  const Options options_;
  const std::unique_ptr<WorkDirectory> work_;
  HelmVersion version_;
  std::atomic<bool> leaving_ = false;
};

}  // namespace berth::helm
