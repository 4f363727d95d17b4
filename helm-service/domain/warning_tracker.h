#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "helm-service/domain/cluster_reader.h"
#include "helm-service/domain/object_ref.h"
#include "helm-service/domain/release_updates.h"

namespace berth::helm {

/// Tells the Warning events of a release's objects and of what they own, such as the Pods of a
/// Deployment, and keeps the last of each. Not thread safe.
class WarningTracker {
 public:
  /// Says which of the release's objects a reference names; null if none.
  using FindObject = std::function<const ObjectRef*(const ObjectRef& ref)>;

  explicit WarningTracker(std::unique_ptr<WarningSource> source) : source_(std::move(source)) {}

  /// Takes the events that have come.
  void Collect();

  /// Tells those that belong to the release. Looks a few owners up; events that wait for that are
  /// told by a later call.
  void Tell(ClusterReader& cluster, const FindObject& find, const ReleaseUpdates& updates);

  /// The last warnings about an object and what it owns, oldest first, each as "Reason: message",
  /// known secrets replaced.
  std::vector<std::string> Of(const ObjectRef& object) const;

 private:
  using Owner = std::optional<ObjectRef>;

  /// Nothing if the question must wait for the next Look; otherwise the release's object, if any,
  /// that owns what the event is about.
  std::optional<Owner> OwnerOf(const kube::Json& event, ClusterReader& cluster,
                               const FindObject& find);
  absl::StatusOr<Owner> LookUpOwner(ObjectRef ref, ClusterReader& cluster, const FindObject& find);
  void TellOne(const kube::Json& event, const ObjectRef& owner, const ReleaseUpdates& updates);

  const std::unique_ptr<WarningSource> source_;
  int reads_left_ = 0;
  std::size_t told_ = 0;
  std::deque<kube::Json> waiting_;
  /// By name and uid of the object that events are about.
  std::map<std::string, Owner> owners_;
  std::map<ObjectRef, std::deque<std::string>> last_;
};

}  // namespace berth::helm
