#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "helm-service/domain/action.h"
#include "helm-service/domain/helm_runner.h"
#include "helm-service/domain/release.h"

namespace berth::helm {

/// Why an action cannot begin on a release as it is; OK if it can.
///
/// Errors: ALREADY_EXISTS (RELEASE_EXISTS), NOT_FOUND (RELEASE_NOT_FOUND), FAILED_PRECONDITION
/// (REVISION_MISMATCH), ABORTED (RELEASE_LOCKED).
absl::Status CheckPreconditions(const Action& action, const std::optional<RevisionInfo>& newest);

/// Whether the action is an uninstall and there is nothing left for it: no release, or one that is
/// uninstalled with its history kept, which is what it asks for.
bool HasNothingToUninstall(const Action& action, const std::optional<RevisionInfo>& newest);

/// What is known of a Helm that did not exit with 0.
struct FailedHelm {
  HelmExit exit;
  /// The last things it said that are no steps of its work, secrets replaced.
  std::vector<std::string> error_lines;
  std::optional<RevisionInfo> before;
  std::optional<RevisionInfo> after;
};

/// Turns a failure of Helm into an error of the contract. Every failure of Helm's exits with 1, so
/// this goes by what Helm wrote and by whether a new revision exists.
absl::Status ExplainFailure(const Action& action, const FailedHelm& failed);

}  // namespace berth::helm
