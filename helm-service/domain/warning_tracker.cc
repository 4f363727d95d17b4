#include "helm-service/domain/warning_tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/kube/object.h"
#include "common/kube/time.h"
#include "common/operation/clipped_text.h"
#include "common/status/macros.h"

namespace berth::helm {
namespace {

constexpr std::size_t kMostWaiting = 500;
constexpr std::size_t kMostOwners = 2'000;
constexpr std::size_t kMostTold = 1'000;
constexpr std::size_t kKeptPerObject = 3;
constexpr std::size_t kMaxTextBytes = 400;
constexpr int kReadsPerLook = 20;
// Deployment, ReplicaSet, Pod; CronJob, Job, Pod; and one for a controller above them.
constexpr int kMostOwnersInARow = 4;

ObjectRef InvolvedObject(const kube::Json& event) {
  return MakeRef(kube::StringAt(event, {"involvedObject", "apiVersion"}),
                 kube::StringAt(event, {"involvedObject", "kind"}),
                 kube::StringAt(event, {"involvedObject", "namespace"}),
                 kube::StringAt(event, {"involvedObject", "name"}));
}

std::optional<kube::Time> TimeAt(const kube::Json& event,
                                 std::initializer_list<std::string_view> path) {
  absl::StatusOr<kube::Time> time = kube::ParseTime(kube::StringAt(event, path));
  if (!time.ok()) return std::nullopt;
  return *time;
}

// Events come in two dialects: with count and timestamps, or with eventTime and a series.
KubernetesWarning ReadEvent(const kube::Json& event, const ObjectRef& owner) {
  KubernetesWarning warning{.object = InvolvedObject(event),
                            .owner = owner,
                            .reason = kube::StringAt(event, {"reason"}),
                            .message = kube::StringAt(event, {"message"}),
                            .first_time = TimeAt(event, {"firstTimestamp"}),
                            .last_time = TimeAt(event, {"lastTimestamp"})};
  const auto count = kube::IntAt(event, {"series", "count"});
  warning.count = static_cast<int>(std::clamp<std::int64_t>(
      count.value_or(kube::IntAt(event, {"count"}).value_or(1)), 1, 1 << 30));
  if (!warning.first_time.has_value()) warning.first_time = TimeAt(event, {"eventTime"});
  if (const auto last = TimeAt(event, {"series", "lastObservedTime"})) warning.last_time = last;
  if (!warning.last_time.has_value()) warning.last_time = warning.first_time;
  return warning;
}

// The controller among an object's owners.
std::optional<ObjectRef> ControllerOf(const kube::Json& object) {
  const kube::Json& owners = kube::At(object, {"metadata", "ownerReferences"});
  if (!owners.is_array()) return std::nullopt;
  for (const kube::Json& owner : owners) {
    if (kube::At(owner, {"controller"}) != true) continue;
    return MakeRef(kube::StringAt(owner, {"apiVersion"}), kube::StringAt(owner, {"kind"}),
                   kube::Namespace(object), kube::StringAt(owner, {"name"}));
  }
  return std::nullopt;
}

}  // namespace

void WarningTracker::Tell(ClusterReader& cluster, const FindObject& find,
                          const ReleaseUpdates& updates) {
  reads_left_ = kReadsPerLook;
  while (!waiting_.empty()) {
    const std::optional<Owner> owner = OwnerOf(waiting_.front(), cluster, find);
    if (!owner.has_value()) return;
    const kube::Json event = std::move(waiting_.front());
    waiting_.pop_front();
    if (owner->has_value()) TellOne(event, **owner, updates);
  }
}

std::vector<std::string> WarningTracker::Of(const ObjectRef& object) const {
  const auto found = last_.find(object);
  if (found == last_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void WarningTracker::Collect() {
  absl::StatusOr<std::vector<kube::Json>> events = source_->Take();
  if (!events.ok()) return;  // the source goes on where it was
  for (kube::Json& event : *events) {
    waiting_.push_back(std::move(event));
    if (waiting_.size() > kMostWaiting) waiting_.pop_front();
  }
}

std::optional<WarningTracker::Owner> WarningTracker::OwnerOf(const kube::Json& event,
                                                             ClusterReader& cluster,
                                                             const FindObject& find) {
  const ObjectRef ref = InvolvedObject(event);
  if (const ObjectRef* object = find(ref)) return Owner(*object);
  const std::string key =
      fmt::format("{} {}", ref.ToString(), kube::StringAt(event, {"involvedObject", "uid"}));
  if (const auto known = owners_.find(key); known != owners_.end()) return known->second;
  if (reads_left_ <= 0) return std::nullopt;
  const absl::StatusOr<Owner> owner = LookUpOwner(ref, cluster, find);
  if (!owner.ok()) return Owner();
  if (owners_.size() >= kMostOwners) owners_.clear();
  owners_.emplace(key, *owner);
  return *owner;
}

absl::StatusOr<WarningTracker::Owner> WarningTracker::LookUpOwner(ObjectRef ref,
                                                                  ClusterReader& cluster,
                                                                  const FindObject& find) {
  for (int i = 0; i < kMostOwnersInARow; ++i) {
    --reads_left_;
    ASSIGN_OR_RETURN(const LiveObject live, cluster.Read(ref));
    if (!live.object.has_value()) return Owner();
    const std::optional<ObjectRef> owner = ControllerOf(*live.object);
    if (!owner.has_value()) return Owner();
    if (const ObjectRef* object = find(*owner)) return Owner(*object);
    ref = *owner;
  }
  return Owner();
}

void WarningTracker::TellOne(const kube::Json& event, const ObjectRef& owner,
                             const ReleaseUpdates& updates) {
  const KubernetesWarning warning = ReadEvent(event, owner);
  std::deque<std::string>& last = last_[owner];
  const std::string text = operation::ClippedText(
      updates.Redact(fmt::format("{}: {}", warning.reason, warning.message)), kMaxTextBytes);
  std::erase(last, text);
  last.push_back(text);
  if (last.size() > kKeptPerObject) last.pop_front();
  if (++told_ <= kMostTold) updates.Warning(warning);
}

}  // namespace berth::helm
