#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/object.h"
#include "common/operation/handler.h"
#include "common/sync/mutex.h"
#include "helm-service/domain/cluster_reader.h"
#include "helm-service/domain/release_store.h"

namespace berth::helm {

/// Objects, events and logs that a test lays out. Thread safe.
class FakeCluster final : public ClusterReader {
 public:
  /// An object as it is from now on.
  void Put(const std::string& json) {
    const kube::Json object = kube::Json::parse(json);
    const MutexLock lock(mutex_);
    objects_[RefOf(object).ToString()] = object;
  }
  void Remove(const std::string& name) {
    const MutexLock lock(mutex_);
    objects_.erase(name);
  }
  void Fail(absl::Status error) {
    const MutexLock lock(mutex_);
    error_ = std::move(error);
  }
  /// "Kind" whose objects have no namespace.
  void SetClusterWide(const std::string& kind) { cluster_wide_.insert(kind); }
  void PutPodsOfJob(const std::string& job, std::vector<kube::Json> pods) {
    pods_[job] = std::move(pods);
  }
  /// What the warning source brings next.
  void Warn(const std::string& json) {
    const MutexLock lock(mutex_);
    warnings_->push_back(kube::Json::parse(json));
  }
  /// What the log "pod/container" brings next.
  void Log(const std::string& log, LogSource::Piece piece) {
    logs_[log].push_back(std::move(piece));
  }

  absl::StatusOr<LiveObject> Read(const ObjectRef& ref) override {
    const MutexLock lock(mutex_);
    ++reads_;
    read_.NotifyAll();
    if (!error_.ok()) return error_;
    LiveObject live{.ref = ref};
    if (cluster_wide_.contains(ref.kind)) live.ref.ns.clear();
    const auto found = objects_.find(live.ref.ToString());
    if (found != objects_.end()) live.object = found->second;
    return live;
  }

  absl::StatusOr<std::vector<kube::Json>> PodsOfJob(const std::string&,
                                                    const std::string& job) override {
    return pods_[job];
  }

  std::unique_ptr<WarningSource> FollowWarnings(const std::string&) override {
    return std::make_unique<Warnings>(*this);
  }

  std::unique_ptr<LogSource> FollowLog(const std::string&, const std::string& pod,
                                       const std::string& container) override {
    opened_.push_back(fmt::format("{}/{}", pod, container));
    return std::make_unique<Logs>(logs_[opened_.back()]);
  }

  void AwaitReads(int count) {
    const MutexLock lock(mutex_);
    while (reads_ < count) read_.Wait(mutex_);
  }
  void AwaitWarningTakes(int count) {
    const MutexLock lock(mutex_);
    while (takes_ < count) taken_.Wait(mutex_);
  }
  int reads() const {
    const MutexLock lock(mutex_);
    return reads_;
  }
  /// Logs that were followed.
  const std::vector<std::string>& opened() const { return opened_; }

 private:
  class Warnings final : public WarningSource {
   public:
    explicit Warnings(FakeCluster& cluster) : cluster_(cluster) {}
    absl::StatusOr<std::vector<kube::Json>> Take() override {
      const MutexLock lock(cluster_.mutex_);
      ++cluster_.takes_;
      cluster_.taken_.NotifyAll();
      return std::exchange(*cluster_.warnings_, {});
    }

   private:
    FakeCluster& cluster_;
  };

  class Logs final : public LogSource {
   public:
    explicit Logs(std::deque<Piece>& pieces) : pieces_(pieces) {}
    Piece Take(std::chrono::milliseconds) override {
      if (pieces_.empty()) return {};
      Piece piece = std::move(pieces_.front());
      pieces_.pop_front();
      return piece;
    }

   private:
    std::deque<Piece>& pieces_;
  };

  mutable Mutex mutex_;
  CondVar read_;
  std::map<std::string, kube::Json> objects_ ABSL_GUARDED_BY(mutex_);
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  int reads_ ABSL_GUARDED_BY(mutex_) = 0;
  CondVar taken_;
  int takes_ ABSL_GUARDED_BY(mutex_) = 0;
  const std::unique_ptr<std::vector<kube::Json>> warnings_ =
      std::make_unique<std::vector<kube::Json>>();
  std::set<std::string> cluster_wide_;
  std::map<std::string, std::vector<kube::Json>> pods_;
  std::map<std::string, std::deque<LogSource::Piece>> logs_;
  std::vector<std::string> opened_;
};

/// Keeps what was published, one line each. Thread safe.
class RecordingReporter final : public operation::Reporter {
 public:
  void Phase(std::string_view phase, std::string_view) override { Keep(std::string(phase)); }
  void Line(std::string_view source, operation::v1::OutputLine::Stream,
            std::string_view text) override {
    Keep(fmt::format("{}: {}", source, text));
  }
  void Publish(operation::v1::OperationUpdate update) override { Keep(Describe(update)); }
  void Wake() override {
    const MutexLock lock(mutex_);
    ++wakes_;
    woken_.NotifyAll();
  }

  /// What came since the last call.
  std::vector<std::string> Take() {
    const MutexLock lock(mutex_);
    return std::exchange(told_, {});
  }
  void AwaitWake() {
    const MutexLock lock(mutex_);
    while (wakes_ == 0) woken_.Wait(mutex_);
  }

 private:
  static std::string Name(const operation::v1::ObjectReference& object) {
    return fmt::format("{} {}/{}", object.kind(), object.namespace_(), object.name());
  }

  static std::string Describe(const operation::v1::OperationUpdate& update) {
    using operation::v1::HookUpdate;
    using operation::v1::ObjectStatus;
    using operation::v1::OperationUpdate;
    switch (update.detail_case()) {
      case OperationUpdate::kObject:
        return fmt::format("{} {}: {}", Name(update.object().object()),
                           ObjectStatus::State_Name(update.object().state()).substr(6),
                           update.object().message());
      case OperationUpdate::kWarning:
        return fmt::format("{} of {} warns {} x{}: {}", Name(update.warning().object()),
                           Name(update.warning().owner()), update.warning().reason(),
                           update.warning().count(), update.warning().message());
      case OperationUpdate::kHook:
        return fmt::format("hook {} {}: {}", Name(update.hook().object()),
                           HookUpdate::State_Name(update.hook().state()).substr(6),
                           update.hook().message());
      case OperationUpdate::kContainerLine:
        return fmt::format("{}/{}: {}", update.container_line().pod(),
                           update.container_line().container(), update.container_line().text());
      default:
        return "another kind of update";
    }
  }

  void Keep(std::string text) {
    const MutexLock lock(mutex_);
    told_.push_back(std::move(text));
  }

  Mutex mutex_;
  CondVar woken_;
  int wakes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> told_ ABSL_GUARDED_BY(mutex_);
};

inline ObjectRef MakeDeploymentRef(const std::string& name) {
  return MakeRef("apps/v1", "Deployment", "shop", name);
}

/// A Deployment of three replicas of which so many are ready.
inline std::string DeploymentWith(const std::string& name, int ready) {
  return fmt::format(R"({{"apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {{"namespace": "shop", "name": "{}"}}, "spec": {{"replicas": 3}},
    "status": {{"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3,
                "readyReplicas": {}, "availableReplicas": {}}}}})",
                     name, ready, ready);
}

}  // namespace berth::helm
