#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "helm-service/domain/cluster_reader.h"
#include "helm-service/domain/object_ref.h"
#include "helm-service/domain/readiness.h"
#include "helm-service/domain/release_updates.h"

namespace berth::helm {

/// What an action wants of a release's objects.
enum class Goal { kReady, kGone };

/// Follows how the objects of one release stand, by reading a few of them at a time: those that are
/// not where they should be each time, the others now and then. Not thread safe.
class ObjectTracker {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Objects that are followed; a release may have more.
  static constexpr std::size_t kMostObjects = 500;
  /// Reads by one Look.
  static constexpr int kReadsPerLook = 25;

  ObjectTracker(std::vector<ObjectRef> objects, Goal goal);

  /// Reads objects that are due and tells what changed. Failed reads are made up for later.
  void Look(TimePoint now, ClusterReader& cluster, const ReleaseUpdates& updates);

  /// Reads the objects that are not where they should be, or were not read yet, by up to 100 reads.
  void LookAtTheRest(TimePoint now, ClusterReader& cluster, const ReleaseUpdates& updates);

  struct Standing {
    ObjectRef object;
    Readiness readiness;
  };
  /// The objects that are not where they should be. One that was taken away again counts as it
  /// stood before.
  std::vector<Standing> Unsettled() const;

  /// The followed object that `ref` names, in whatever version; null if none.
  const ObjectRef* Find(const ObjectRef& ref) const;

  /// Objects beyond kMostObjects.
  std::size_t left_out() const { return left_out_; }

 private:
  struct Entry {
    ObjectRef ref;
    /// Nothing before the first read.
    std::optional<Readiness> last;
    /// The last one while it was there and not being deleted.
    std::optional<Readiness> alive;
  };

  bool IsSettled(const Entry& entry) const;
  void Read(Entry& entry, ClusterReader& cluster, const ReleaseUpdates& updates);
  void Tell(const Entry& entry, const std::optional<Readiness>& before,
            const ReleaseUpdates& updates) const;

  const Goal goal_;
  std::size_t left_out_ = 0;
  std::vector<Entry> entries_;
  /// Places in entries_ by when they are to be read next.
  std::multimap<TimePoint, std::size_t> due_;
};

}  // namespace berth::helm
