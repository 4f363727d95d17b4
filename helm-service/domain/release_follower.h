#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "helm-service/domain/cluster_reader.h"
#include "helm-service/domain/hook_tracker.h"
#include "helm-service/domain/object_tracker.h"
#include "helm-service/domain/release_observer.h"
#include "helm-service/domain/release_store.h"
#include "helm-service/domain/release_updates.h"
#include "helm-service/domain/warning_tracker.h"

namespace berth::helm {

/// Follows one action on a release: finds the revision that Helm stores, and from there on its
/// objects, its hooks, and the warnings about both. Each look costs a bounded number of API
/// requests. Not thread safe.
class ReleaseFollower {
 public:
  using TimePoint = ObjectTracker::TimePoint;

  /// Store and cluster are borrowed.
  ReleaseFollower(ObservedAction action, ReleaseStore& releases, ClusterReader& cluster,
                  std::shared_ptr<operation::Reporter> reporter,
                  std::shared_ptr<Redactor> redactor);

  /// Warnings are told from now on.
  void BeginWarnings() { warnings_.Collect(); }

  void Look(TimePoint now);

  /// Helm has ended.
  void LookLast(TimePoint now, bool succeeded);

  /// What kept the action from its goal.
  std::vector<UnreadyObject> Unready() const;

 private:
  /// Reads the revision if it was written since the last time. False before there is one.
  bool Refresh();
  void Begin(const ReleaseContent& content);
  void LearnSecrets(const std::vector<ManifestObject>& objects);
  void LookAtWarnings();
  std::vector<UnreadyObject> UnreadyObjects() const;

  const ObservedAction action_;
  ReleaseStore& releases_;
  ClusterReader& cluster_;
  const std::shared_ptr<Redactor> redactor_;
  const ReleaseUpdates updates_;
  WarningTracker warnings_;
  HookTracker hooks_;
  /// Nothing before the revision was found.
  std::optional<ObjectTracker> objects_;
  std::string version_;
  /// The objects as they stood when Helm gave the revision up; what it does after that is not the
  /// action's goal.
  std::optional<std::vector<UnreadyObject>> given_up_;
};

}  // namespace berth::helm
