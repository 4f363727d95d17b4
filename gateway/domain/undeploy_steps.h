#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "gateway/domain/child.h"
#include "gateway/domain/exposure.h"
#include "gateway/domain/operation_view.h"

namespace berth::gateway {

/// How far Undeploy is: first the exposures of the release go, then the release.
struct UndeployPlan {
  Namespace ns;
  ReleaseName release;
  /// Which attempt at the uninstall counts; its request_id is ChildRequestId(…, "uninstall", …).
  int attempt = 1;
  /// Names of the exposures whose removal it asked for.
  std::vector<std::string> removed;
};

struct UndeployFacts {
  OperationView operation;
  /// The release's exposures, as just read.
  std::vector<Exposure> exposures;
  Child uninstall;
};

/// Record these names as removed, then delete the exposures.
struct RemoveExposures {
  std::vector<Exposure> exposures;
};
/// Wait until the exposures are gone.
struct AwaitExposuresGone {};
struct SendUninstall {};
struct AwaitUninstall {};
/// Ask the uninstall to stop.
struct CancelUninstall {};
/// The child died before its first effect: record a further attempt, with a request_id of its own.
struct RenewUninstall {};
struct UndeployIsDone {
  bool removed_release = false;
};
struct UndeployFailed {
  absl::Status error;
};

using UndeployStep =
    std::variant<RemoveExposures, AwaitExposuresGone, SendUninstall, AwaitUninstall,
                 CancelUninstall, RenewUninstall, UndeployIsDone, UndeployFailed>;

/// What Undeploy does next; it only goes forward. Pure.
UndeployStep NextUndeployStep(const UndeployPlan& plan, const UndeployFacts& facts);

}  // namespace berth::gateway
