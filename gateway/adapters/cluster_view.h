#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "common/operation/manager.h"
#include "common/sync/mutex.h"
#include "gateway/domain/exposure.h"
#include "gateway/domain/exposure_events.h"
#include "gateway/domain/exposure_list.h"
#include "gateway/domain/orphans.h"
#include "gateway/domain/surroundings.h"

namespace berth::gateway {

/// The gateway's watches: exposures, and what they depend on. Tells which exposure may be affected
/// by each change.
///
/// Threads: those of its caches, from Start to Stop. All methods may be called from any thread.
/// Lifetime: the client must outlive it.
class ClusterView final : public Surroundings, public ExposureEvents, public ExposureList {
 public:
  struct Options {
    /// Berth's namespace.
    std::string berth_namespace;
    /// Borrowed.
    operation::Manager& operations;
  };

  /// `client` is borrowed.
  ClusterView(kube::Client& client, Options options);
  /// Stops.
  ~ClusterView() override;

  ClusterView(const ClusterView&) = delete;
  ClusterView& operator=(const ClusterView&) = delete;

  /// Begins to watch. `affected` is called for each exposure that a change concerns, on threads of
  /// the view's; it may not block.
  void Start(std::function<void(const ExposureKey&)> affected);
  absl::Status WaitForSync(std::chrono::steady_clock::time_point deadline) const;
  void Stop();

  std::vector<Exposure> Exposures(const std::string& ns) const override;
  /// Everything that is held for exposures and is not on its way out.
  std::vector<HeldItem> AllHeld() const;

  absl::StatusOr<Held> HeldBy(const std::string& exposure_uid, Freshness freshness) override;
  absl::StatusOr<std::vector<Service>> Services(const Namespace& ns, Freshness freshness) override;
  absl::StatusOr<bool> IsTerminating(const Namespace& ns) override;
  absl::StatusOr<bool> EndedWithoutSuccess(const std::string& operation) override;

  std::shared_ptr<void> Follow(const ExposureKey& key, std::function<void()> changed) override;

 private:
  void OnExposure(const kube::Cache::Change& change);
  void OnHeld(const kube::Cache::Change& change);
  /// Of a Service or a namespace: concerns every exposure there.
  void OnNamespace(const std::string& ns);
  void Affected(const ExposureKey& key);

  kube::Client& client_;
  const Options options_;
  std::function<void(const ExposureKey&)> affected_;

  Mutex mutex_;
  /// Their tokens own them.
  std::multimap<ExposureKey, std::weak_ptr<std::function<void()>>> followers_
      ABSL_GUARDED_BY(mutex_);

  kube::Cache exposures_;
  kube::Cache claims_;
  kube::Cache rules_;
  kube::Cache services_;
  kube::Cache namespaces_;
  /// Ended before the caches.
  std::vector<kube::Cache::Subscription> subscriptions_;
};

}  // namespace berth::gateway
