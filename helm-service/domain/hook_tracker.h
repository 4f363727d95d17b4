#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/kube/json.h"
#include "common/kube/time.h"
#include "helm-service/domain/cluster_reader.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/object_ref.h"
#include "helm-service/domain/readiness.h"
#include "helm-service/domain/release_content.h"
#include "helm-service/domain/release_updates.h"
#include "helm-service/domain/unready_object.h"

namespace berth::helm {

/// Follows the hooks that one Helm process runs: their beginning as Helm records it, the logs of
/// their pods, and their end. Not thread safe.
class HookTracker {
 public:
  /// `events` are those that Helm runs hooks for, `launched` is when it was started: what was
  /// recorded before that is of an earlier run.
  HookTracker(NamespaceName release_ns, std::vector<std::string> events, kube::Time launched);

  /// Takes the hooks of the release as they are recorded now.
  void Take(const std::vector<ReleaseHook>& hooks);

  /// Looks at the hooks that run, and tells what they logged and which have ended.
  void Look(ClusterReader& cluster, const ReleaseUpdates& updates);

  /// Helm has ended: a last look, after which no hook runs. Waits a moment for the rest of logs.
  void Conclude(bool succeeded, ClusterReader& cluster, const ReleaseUpdates& updates);

  /// Whether there are hooks that have not ended.
  bool open() const;

  /// The hooks that failed.
  std::vector<UnreadyObject> Failed() const;

  /// The hook's object that `ref` names, in whatever version; null if none.
  const ObjectRef* Find(const ObjectRef& ref) const;

 private:
  enum class Stage { kWaiting, kRunning, kSucceeded, kFailed };

  struct Hook {
    ObjectRef ref;
    std::vector<std::string> events;
    Stage stage = Stage::kWaiting;
    bool start_told = false;
    /// In Helm's words.
    std::string phase;
    /// How its object stood last.
    Readiness readiness;
    /// By pod, container and restart; null once its end was reached.
    std::map<std::string, std::unique_ptr<LogSource>> logs;
    struct Container {
      std::string pod;
      std::string name;
    };
    std::map<std::string, Container> containers;
  };

  bool RunsNow(const ReleaseHook& hook) const;
  void LookAtObject(Hook& hook, ClusterReader& cluster);
  void OpenLogs(Hook& hook, const kube::Json& pod, ClusterReader& cluster);
  static void PassLogsOn(Hook& hook, std::chrono::milliseconds wait, const ReleaseUpdates& updates);
  void End(Hook& hook, Stage stage, const ReleaseUpdates& updates);

  const NamespaceName release_ns_;
  const std::vector<std::string> events_;
  const kube::Time launched_;
  std::vector<Hook> hooks_;
  int logs_opened_ = 0;
};

}  // namespace berth::helm
