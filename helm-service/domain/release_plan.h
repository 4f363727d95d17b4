#pragma once

#include <chrono>
#include <optional>

#include <nlohmann/json.hpp>

#include "helm-service/domain/action.h"
#include "helm-service/domain/release.h"

namespace berth::helm {

/// What a replica that takes an action over must know of it: recorded with the operation before the
/// first effect. No values, no other secrets.
struct ReleasePlan {
  /// The newest revision before the action; 0 for none.
  int revision_before = 0;
  /// Whether that one was there for use, not uninstalled with its history kept.
  bool was_installed = false;
  /// Set if the action is an uninstall, which is always finished.
  std::optional<Uninstall> uninstall;
  /// Whether the action only runs tests.
  bool test = false;
  bool wait = false;
  /// Whether a failure is to be taken back, and if so, without hooks.
  bool rollback_on_failure = false;
  bool disable_hooks = false;
  /// As in the action: what is done to finish it or to take it back is bound by it too.
  std::optional<std::chrono::seconds> step_timeout = std::nullopt;

  static ReleasePlan Of(const Action& action, const std::optional<RevisionInfo>& before);
  /// Reads what any version wrote: what is missing has its default.
  static ReleasePlan FromJson(const nlohmann::json& json);
  nlohmann::json ToJson() const;
};

}  // namespace berth::helm
