#pragma once

#include <string>

#include "common/kube/json.h"

namespace berth::helm {

/// Where an object is on its way to readiness.
enum class ObjectState {
  /// There is none: not created yet, or gone.
  kMissing,
  kProgressing,
  kReady,
  /// It will not become ready by itself.
  kFailed,
  /// Being deleted.
  kTerminating,
};

struct Readiness {
  ObjectState state = ObjectState::kMissing;
  /// One line for people, such as "1 of 3 replicas ready"; may be empty. May quote what the
  /// object's controller wrote.
  std::string message;

  friend bool operator==(const Readiness&, const Readiness&) = default;
};

/// How an object that was read stands, by what its status says. A status of an earlier generation
/// counts for nothing. Kinds without rules of their own go by the conditions that controllers agree
/// on (Stalled, Reconciling, Ready, Available); those without any are ready once they are there.
Readiness ReadinessOf(const kube::Json& object);

}  // namespace berth::helm
