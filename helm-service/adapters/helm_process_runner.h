#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/kube/config.h"
#include "common/process/command.h"
#include "common/process/supervisor.h"
#include "helm-service/adapters/work_directory.h"
#include "helm-service/domain/helm_arguments.h"
#include "helm-service/domain/helm_runner.h"

namespace berth::helm {

/// Runs the `helm` program, each time in a private folder with an environment, caches, an empty
/// plugin folder and a kubeconfig of its own; values by standard input. Thread safe.
class HelmProcessRunner final : public HelmRunner {
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
  };

  /// Finds the program and asks it for its version. `supervisor` outlives the runner. Blocks.
  /// Errors: INTERNAL (HELM_UNAVAILABLE).
  static absl::StatusOr<std::unique_ptr<HelmProcessRunner>> Create(process::Supervisor& supervisor,
                                                                   Options options);

  const HelmVersion& version() const { return version_; }

  absl::StatusOr<std::unique_ptr<Process>> Start(const Action& action, const Task& task,
                                                 Callbacks callbacks) override;

 private:
  HelmProcessRunner(process::Supervisor& supervisor, Options options,
                    std::unique_ptr<WorkDirectory> work);

  absl::StatusOr<HelmVersion> ProbeVersion();
  /// A command without arguments and input that runs in `directory`, which is filled for it.
  absl::StatusOr<process::Command> Prepare(const RunDirectory& directory) const;

  process::Supervisor& supervisor_;
  const Options options_;
  const std::unique_ptr<WorkDirectory> work_;
  HelmVersion version_;
};

}  // namespace berth::helm
