#include "helm-service/domain/object_tracker.h"

#include <algorithm>
#include <utility>

namespace berth::helm {
namespace {

// Nothing stays ready for sure.
constexpr std::chrono::seconds kSettledInterval{10};
constexpr int kLastReads = 100;

}  // namespace

ObjectTracker::ObjectTracker(std::vector<ObjectRef> objects, Goal goal) : goal_(goal) {
  for (ObjectRef& object : objects) {
    if (Find(object) != nullptr) continue;
    if (entries_.size() == kMostObjects) {
      ++left_out_;
      continue;
    }
    due_.emplace(TimePoint::min(), entries_.size());
    entries_.push_back({.ref = std::move(object)});
  }
}

void ObjectTracker::Look(TimePoint now, ClusterReader& cluster, const ReleaseUpdates& updates) {
  std::vector<std::size_t> read;
  for (int i = 0; i < kReadsPerLook && !due_.empty() && due_.begin()->first <= now; ++i) {
    const std::size_t place = due_.begin()->second;
    due_.erase(due_.begin());
    Read(entries_[place], cluster, updates);
    read.push_back(place);
  }
  for (const std::size_t place : read) {
    due_.emplace(IsSettled(entries_[place]) ? now + kSettledInterval : now, place);
  }
}

void ObjectTracker::LookAtTheRest(TimePoint now, ClusterReader& cluster,
                                  const ReleaseUpdates& updates) {
  int reads = 0;
  for (auto next = due_.begin(); next != due_.end() && reads < kLastReads; ++next) {
    Entry& entry = entries_[next->second];
    if (next->first > now && IsSettled(entry)) continue;
    Read(entry, cluster, updates);
    ++reads;
  }
}

std::vector<ObjectTracker::Standing> ObjectTracker::Unsettled() const {
  std::vector<Standing> standings;
  for (const Entry& entry : entries_) {
    const std::optional<Readiness>& counts = goal_ == Goal::kReady ? entry.alive : entry.last;
    const bool there = counts.has_value();
    if (goal_ == Goal::kReady && there && counts->state == ObjectState::kReady) continue;
    if (goal_ == Goal::kGone && (!there || counts->state == ObjectState::kMissing)) continue;
    standings.push_back(
        {.object = entry.ref, .readiness = there ? *counts : Readiness{.message = "not there"}});
  }
  return standings;
}

const ObjectRef* ObjectTracker::Find(const ObjectRef& ref) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.ref.SameObjectAs(ref); });
  return found == entries_.end() ? nullptr : &found->ref;
}

bool ObjectTracker::IsSettled(const Entry& entry) const {
  const ObjectState wanted = goal_ == Goal::kReady ? ObjectState::kReady : ObjectState::kMissing;
  return entry.last.has_value() && entry.last->state == wanted;
}

void ObjectTracker::Read(Entry& entry, ClusterReader& cluster, const ReleaseUpdates& updates) {
  const absl::StatusOr<LiveObject> live = cluster.Read(entry.ref);
  if (!live.ok()) return;
  entry.ref = live->ref;
  Readiness readiness;
  if (live->object.has_value()) readiness = ReadinessOf(*live->object);
  const std::optional<Readiness> before = std::exchange(entry.last, readiness);
  const bool alive =
      readiness.state != ObjectState::kMissing && readiness.state != ObjectState::kTerminating;
  if (alive) entry.alive = std::move(readiness);
  Tell(entry, before, updates);
}

void ObjectTracker::Tell(const Entry& entry, const std::optional<Readiness>& before,
                         const ReleaseUpdates& updates) const {
  if (entry.last == before) return;
  const ObjectState state = entry.last->state;
  if (goal_ == Goal::kReady) {
    // That it is not there yet goes without saying.
    if (!before.has_value() && state == ObjectState::kMissing) return;
  } else if (state != ObjectState::kMissing && state != ObjectState::kTerminating) {
    return;  // how ready it is while it waits to be removed interests nobody
  }
  updates.Object(entry.ref, *entry.last);
}

}  // namespace berth::helm
