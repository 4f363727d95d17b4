#pragma once

#include <memory>
#include <vector>

#include "common/operation/handler.h"
#include "helm-service/domain/observed_action.h"
#include "helm-service/domain/redactor.h"
#include "helm-service/domain/unready_object.h"

namespace berth::helm {

/// One Helm process whose release is being followed. Destroying it ends that. Any thread.
class Observation {
 public:
  virtual ~Observation() = default;

  /// Says that Helm has ended, upon which a last look is taken; the first call counts. True once
  /// that is done, or has taken too long; the operation is woken then.
  virtual bool Finish(bool succeeded) = 0;

  /// The objects and hooks that kept the action from its goal; once finished.
  virtual std::vector<UnreadyObject> unready() const = 0;
};

/// Tells the watchers of operations what becomes of the objects that Helm works on. Thread safe.
class ReleaseObserver {
 public:
  virtual ~ReleaseObserver() = default;

  /// `redactor` learns the secrets of the release's manifest.
  virtual std::unique_ptr<Observation> Observe(ObservedAction action,
                                               std::shared_ptr<operation::Reporter> reporter,
                                               std::shared_ptr<Redactor> redactor) = 0;
};

}  // namespace berth::helm
