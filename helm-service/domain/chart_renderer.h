#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "helm-service/domain/action.h"
#include "helm-service/domain/capabilities.h"
#include "helm-service/domain/helm_runner.h"
#include "helm-service/domain/release_content.h"

namespace berth::helm {

/// An install to render with nothing else known than what stands here.
struct Rendering {
  /// With an Install.
  Action install;
  /// Unset: the one that Helm was built for.
  std::optional<KubeVersion> kube_version;
  /// Besides those that Helm knows.
  std::vector<ApiVersion> api_versions;
  bool include_crds = false;
  bool disable_hooks = false;
  bool skip_tests = false;
  /// Tell templates that the release exists already.
  bool is_upgrade = false;
};

/// What came of one run of Helm's that changes nothing.
struct RenderOutcome {
  HelmExit exit;
  /// After an exit with 0; the hooks of a Rendering stand in its manifest. May hold secrets.
  ReleaseContent content;
  /// Of a dry run.
  std::string notes;
  /// The revision that a dry run stands for.
  int revision = 0;
  /// What Helm said besides, such as warnings and the error that it ended with. May repeat values.
  std::vector<std::string> messages;
};

/// Has Helm render charts. Calls block while Helm runs. Thread safe.
class ChartRenderer {
 public:
  /// What Helm may render to.
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;

  virtual ~ChartRenderer() = default;

  /// Renders with no cluster in reach and no credentials at hand: templates look up nothing.
  /// After `kill_after` Helm is killed.
  ///
  /// Errors: RESOURCE_EXHAUSTED (RESULT_TOO_LARGE), DEADLINE_EXCEEDED (OPERATION_TIMEOUT),
  /// INTERNAL (HELM_UNAVAILABLE), UNAVAILABLE (SHUTTING_DOWN), UNIMPLEMENTED
  /// (OPTION_NOT_SUPPORTED).
  virtual absl::StatusOr<RenderOutcome> Render(const Rendering& rendering,
                                               std::chrono::milliseconds kill_after) = 0;

  /// Runs an install or upgrade as a dry run: templates read the cluster, and the API server's
  /// schemas judge the objects. Errors: as of Render.
  virtual absl::StatusOr<RenderOutcome> DryRun(const Action& action,
                                               std::chrono::milliseconds kill_after) = 0;
};

}  // namespace berth::helm
