#pragma once

#include <optional>
#include <vector>

#include "helm-service/domain/action.h"
#include "helm-service/domain/release.h"
#include "helm-service/domain/release_plan.h"

namespace berth::helm {

/// How to take back a failed install or upgrade whose `rollback_on_failure` Helm did not live to
/// honour.
struct TakeBack {
  /// Whether nothing of it is left: Helm had stored nothing, or has taken it back.
  bool done = false;
  /// What is to be done otherwise; nothing if there is no revision to return to.
  std::optional<Action> action = std::nullopt;
};

/// Decides by the revisions that the release has now, of which none is pending.
TakeBack HowToTakeBack(const ReleaseKey& release, const ReleasePlan& plan,
                       const std::vector<RevisionInfo>& revisions);

}  // namespace berth::helm
