#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/kube/time.h"
#include "helm-service/domain/action.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/object_tracker.h"

namespace berth::helm {

/// What is to be followed while a Helm process works on a release.
struct ObservedAction {
  ReleaseKey release;
  /// The revision whose objects and hooks count. It need not be stored yet.
  int revision = 0;
  /// What the action wants of the release's objects; nothing if it does not touch them.
  std::optional<Goal> goal;
  /// Whether Helm waits for that.
  bool waits = false;
  /// The events, in Helm's words, that hooks are run for.
  std::vector<std::string> hook_events;
  /// When Helm was started, by this machine's clock.
  kube::Time launched;

  /// What to follow of an action that begins at `launched` on a release at `revision_before` (0 for
  /// none).
  static ObservedAction Of(const Action& action, int revision_before, kube::Time launched);
};

}  // namespace berth::helm
