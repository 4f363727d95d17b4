#include "helm-service/domain/hook_tracker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/kube/object.h"

namespace berth::helm {
namespace {

using std::chrono::milliseconds;

constexpr int kMostLogs = 64;
// A container that has ended has written everything; what is on its way arrives within this.
constexpr milliseconds kRestOfLog{1000};

std::string Container(const kube::Json& status) { return kube::StringAt(status, {"name"}); }

// Before that there is no log to ask for.
bool HasStarted(const kube::Json& status) {
  return kube::At(status, {"state", "running"}).is_object() ||
         kube::At(status, {"state", "terminated"}).is_object();
}

bool IsOwnedBy(const kube::Json& object, const std::string& uid) {
  const kube::Json& owners = kube::At(object, {"metadata", "ownerReferences"});
  return owners.is_array() &&
         std::any_of(owners.begin(), owners.end(), [&](const kube::Json& owner) {
           return kube::StringAt(owner, {"uid"}) == uid;
         });
}

}  // namespace

HookTracker::HookTracker(NamespaceName release_ns, std::vector<std::string> events,
                         kube::Time launched)
    : release_ns_(std::move(release_ns)), events_(std::move(events)), launched_(launched) {}

bool HookTracker::RunsNow(const ReleaseHook& hook) const {
  return std::any_of(hook.events.begin(), hook.events.end(), [&](const std::string& event) {
    return std::find(events_.begin(), events_.end(), event) != events_.end();
  });
}

void HookTracker::Take(const std::vector<ReleaseHook>& hooks) {
  for (const ReleaseHook& stored : hooks) {
    if (!RunsNow(stored)) continue;
    const absl::StatusOr<std::vector<ManifestObject>> objects = SplitManifest(stored.manifest);
    if (!objects.ok() || objects->empty()) continue;
    const ObjectRef ref = RefOf(objects->front(), release_ns_);
    auto hook = std::find_if(hooks_.begin(), hooks_.end(),
                             [&](const Hook& known) { return known.ref.SameObjectAs(ref); });
    if (hook == hooks_.end()) {
      hooks_.push_back({.ref = ref, .events = stored.events});
      hook = std::prev(hooks_.end());
    }
    const absl::StatusOr<kube::Time> started = kube::ParseTime(stored.started_at);
    if (!started.ok() || *started < launched_) continue;
    hook->phase = stored.phase;
    if (hook->stage == Stage::kWaiting) hook->stage = Stage::kRunning;
  }
}

void HookTracker::Look(ClusterReader& cluster, const ReleaseUpdates& updates) {
  for (Hook& hook : hooks_) {
    if (hook.stage != Stage::kRunning) continue;
    if (!std::exchange(hook.start_told, true)) {
      updates.Hook(hook.ref, hook.events, ReleaseUpdates::HookState::kStarted, "");
    }
    LookAtObject(hook, cluster);
    PassLogsOn(hook, milliseconds(0), updates);
    if (hook.readiness.state == ObjectState::kReady || hook.phase == "Succeeded") {
      End(hook, Stage::kSucceeded, updates);
    } else if (hook.readiness.state == ObjectState::kFailed || hook.phase == "Failed") {
      End(hook, Stage::kFailed, updates);
    }
  }
}

void HookTracker::Conclude(bool succeeded, ClusterReader& cluster, const ReleaseUpdates& updates) {
  Look(cluster, updates);
  for (Hook& hook : hooks_) {
    if (hook.stage != Stage::kRunning) continue;
    End(hook, succeeded ? Stage::kSucceeded : Stage::kFailed, updates);
  }
}

bool HookTracker::open() const {
  return std::any_of(hooks_.begin(), hooks_.end(), [](const Hook& hook) {
    return hook.stage == Stage::kWaiting || hook.stage == Stage::kRunning;
  });
}

std::vector<UnreadyObject> HookTracker::Failed() const {
  std::vector<UnreadyObject> failed;
  for (const Hook& hook : hooks_) {
    if (hook.stage == Stage::kFailed) {
      failed.push_back({.object = hook.ref, .readiness = hook.readiness});
    }
  }
  return failed;
}

const ObjectRef* HookTracker::Find(const ObjectRef& ref) const {
  const auto found = std::find_if(hooks_.begin(), hooks_.end(),
                                  [&](const Hook& hook) { return hook.ref.SameObjectAs(ref); });
  return found == hooks_.end() ? nullptr : &found->ref;
}

void HookTracker::LookAtObject(Hook& hook, ClusterReader& cluster) {
  const absl::StatusOr<LiveObject> live = cluster.Read(hook.ref);
  if (!live.ok()) return;
  hook.ref = live->ref;
  if (!live->object.has_value()) return;  // not created yet, or deleted as its chart asks
  const Readiness readiness = ReadinessOf(*live->object);
  if (readiness.state != ObjectState::kTerminating) hook.readiness = readiness;
  if (hook.ref.kind == "Pod") {
    // A pod that has become ready goes on until it has completed.
    const std::string phase = kube::StringAt(*live->object, {"status", "phase"});
    if (hook.readiness.state == ObjectState::kReady && phase != "Succeeded") {
      hook.readiness.state = ObjectState::kProgressing;
    }
    OpenLogs(hook, *live->object, cluster);
  } else if (hook.ref.kind == "Job") {
    const auto pods = cluster.PodsOfJob(hook.ref.ns, hook.ref.name);
    if (!pods.ok()) return;
    for (const kube::Json& pod : *pods) {
      if (IsOwnedBy(pod, kube::Uid(*live->object))) OpenLogs(hook, pod, cluster);
    }
  }
}

void HookTracker::OpenLogs(Hook& hook, const kube::Json& pod, ClusterReader& cluster) {
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    const kube::Json& containers = kube::At(pod, {"status", list});
    if (!containers.is_array()) continue;
    for (const kube::Json& status : containers) {
      const std::string key = fmt::format("{}/{}/{}", kube::Name(pod), Container(status),
                                          kube::IntAt(status, {"restartCount"}).value_or(0));
      if (!HasStarted(status) || hook.logs.contains(key) || logs_opened_ == kMostLogs) continue;
      ++logs_opened_;
      hook.logs[key] = cluster.FollowLog(kube::Namespace(pod), kube::Name(pod), Container(status));
      hook.containers[key] = {.pod = kube::Name(pod), .name = Container(status)};
    }
  }
}

void HookTracker::PassLogsOn(Hook& hook, milliseconds wait, const ReleaseUpdates& updates) {
  for (auto& [key, log] : hook.logs) {
    while (log != nullptr) {
      const LogSource::Piece piece = log->Take(wait);
      for (const std::string& line : piece.lines) {
        const Hook::Container& container = hook.containers[key];
        updates.ContainerLine(hook.ref.ns, container.pod, container.name, line);
      }
      if (piece.ended) {
        log.reset();
      } else if (piece.lines.empty()) {
        wait = milliseconds(0);  // one silent log is enough to wait for
        break;
      }
    }
  }
}

void HookTracker::End(Hook& hook, Stage stage, const ReleaseUpdates& updates) {
  PassLogsOn(hook, kRestOfLog, updates);
  hook.logs.clear();
  hook.stage = stage;
  // What it waited for is no news once it has ended well.
  const bool failed = stage == Stage::kFailed;
  hook.readiness.message = failed ? updates.Redact(hook.readiness.message) : "";
  updates.Hook(hook.ref, hook.events,
               failed ? ReleaseUpdates::HookState::kFailed : ReleaseUpdates::HookState::kSucceeded,
               hook.readiness.message);
}

}  // namespace berth::helm
