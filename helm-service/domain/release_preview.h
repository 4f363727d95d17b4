#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "helm-service/domain/action.h"
#include "helm-service/domain/chart_preparer.h"
#include "helm-service/domain/chart_renderer.h"
#include "helm-service/domain/process_slots.h"
#include "helm-service/domain/release_diff.h"
#include "helm-service/domain/release_reader.h"
#include "helm-service/domain/release_store.h"
#include "helm-service/domain/secret_policy.h"

namespace berth::helm {

/// What a chart renders to.
struct Preview {
  std::vector<ManifestObject> objects;
  /// Of a dry run.
  std::string notes;
  /// The revision that a dry run stands for; else 0.
  int revision = 0;
  /// What Helm said besides; values are replaced.
  std::vector<std::string> messages;
};

/// The difference between two states of a release.
struct ReleaseDiff {
  /// 0 for a release that does not exist yet.
  int from_revision = 0;
  /// 0 for a proposal.
  int to_revision = 0;
  std::vector<ObjectChange> changes;
  /// Of the dry run of a proposal.
  std::vector<std::string> messages;
};

/// Renders charts and compares states of releases, without changing anything. Calls block: for
/// their turn, as only so many Helm processes run at one time, and while Helm runs. Thread safe;
/// what it refers to outlives it.
///
/// Errors of all: those of ChartPreparer::Prepare; FAILED_PRECONDITION (CHART_INVALID, HELM_FAILED,
/// ...) with what Helm said, RESOURCE_EXHAUSTED (RESULT_TOO_LARGE), DEADLINE_EXCEEDED
/// (OPERATION_TIMEOUT), UNAVAILABLE (TOO_MANY_CALLS, SHUTTING_DOWN), INTERNAL (HELM_UNAVAILABLE),
/// UNIMPLEMENTED (OPTION_NOT_SUPPORTED), and those of the Kubernetes client.
class ReleasePreview {
 public:
  struct Dependencies {
    ChartRenderer& helm;
    const ChartPreparer& charts;
    ReleaseStore& releases;
    ReleaseReader& reader;
    ProcessSlots& slots;
  };
  struct Options {
    /// How long a call waits for its turn.
    std::chrono::milliseconds patience{30'000};
    /// How long the chart may be on its way, and how long Helm may take.
    std::chrono::milliseconds time_limit{60'000};
  };

  ReleasePreview(Dependencies dependencies, Options options)
      : dependencies_(dependencies), options_(options) {}

  /// What a chart renders to with no cluster in reach.
  absl::StatusOr<Preview> Render(Rendering rendering, SecretValues secrets) const;

  /// What an install or upgrade would make, by a dry run.
  absl::StatusOr<Preview> DryRun(Action action, SecretValues secrets) const;

  /// Compares two stored revisions. `from` 0 is the deployed one, or the newest if none is; `to` 0
  /// the newest. Errors: NOT_FOUND (RELEASE_NOT_FOUND).
  absl::StatusOr<ReleaseDiff> CompareRevisions(const ReleaseKey& key, int from, int to,
                                               SecretValues secrets) const;

  /// Compares a stored revision, as above, with what an install or upgrade would make. Everything
  /// is new if there is no release and `from` is 0.
  absl::StatusOr<ReleaseDiff> CompareProposal(Action action, int from, SecretValues secrets) const;

 private:
  /// Puts the packaged chart in place of where it comes from.
  absl::Status FetchChart(Action& action) const;
  template <typename Run>
  absl::StatusOr<RenderOutcome> RunHelm(const Action& action, Run run) const;
  absl::StatusOr<std::vector<ManifestObject>> ReadRevision(const ReleaseKey& key,
                                                           int revision) const;

  const Dependencies dependencies_;
  const Options options_;
};

}  // namespace berth::helm
