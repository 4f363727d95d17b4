#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "common/sync/mutex.h"
#include "port-service/domain/claim_feed.h"
#include "port-service/domain/claim_store.h"
#include "port-service/domain/port_usage.h"

namespace berth::port {

/// What this replica's watch has seen of the claims.
///
/// Threads: its cache's, from Start to Stop; all methods may be called from any thread. Lifetime:
/// the client must outlive it.
class ClaimCache : public ClaimView, public ClaimFeed {
 public:
  struct Options {
    /// Berth's namespace.
    std::string ns;
    /// Called with the name of a claim that was added or changed; may not block.
    std::function<void(const std::string& name)> on_change;
    /// Called when the API server's store was put back to an earlier state; may not block.
    std::function<void()> on_rewound;
    /// How long to wait for the watch to show a claim before asking the API server.
    std::chrono::milliseconds watch_patience = std::chrono::seconds(1);
  };

  ClaimCache(kube::Client& client, Options options);

  void Start() { cache_.Start(); }
  void Stop() { cache_.Stop(); }
  bool synced() const { return cache_.synced(); }
  absl::Status WaitForSync(std::chrono::steady_clock::time_point deadline) const {
    return cache_.WaitForSync(deadline);
  }

  std::optional<Claim> Find(const pool::ClaimName& name) override { return Find(name.ToString()); }
  std::vector<Claim> FindByRequest(const Owner& owner, const RequestId& request_id) override;
  std::vector<Claim> FindResting(const pool::PoolName& pool, const Owner& owner) override;
  absl::StatusOr<std::vector<Claim>> FindDuplicates(const Claim& claim) override;
  absl::StatusOr<std::vector<Claim>> FindSameRequest(const Claim& claim) override;
  absl::StatusOr<std::vector<Claim>> FindByQuota(const Claim& claim) override;
  ClaimedPorts PortsOf(const pool::PoolName& pool) override;

  absl::StatusOr<std::vector<Claim>> List() override;
  std::unique_ptr<ClaimWatch> Watch(std::shared_ptr<ClaimWatcher> watcher) override;

  /// The pool of the claim that the owner got or changed last; none if it has none. Looks at every
  /// claim.
  std::optional<pool::PoolName> LastPool(const Owner& owner) const;

  /// None if there is none, or none that can be read.
  std::optional<Claim> Find(const std::string& name) const;

 private:
  /// The claims under a key of an index once the watch shows `claim`; none if it does not in time,
  /// or `claim` is gone.
  std::optional<std::vector<Claim>> WaitAndFind(const Claim& claim, const std::string& index,
                                                const std::string& key);
  absl::StatusOr<std::vector<Claim>> ListByKey(const kube::Cache::KeyFunction& keys_of,
                                               const std::string& key);
  void Follow(const kube::Cache::Change& change);

  kube::Client& client_;
  const Options options_;
  mutable Mutex mutex_;
  std::map<pool::PoolName, ClaimedPorts> ports_ ABSL_GUARDED_BY(mutex_);
  /// Last, because its threads use all of the above.
  kube::Cache cache_;
  kube::Cache::Subscription subscription_;
};

}  // namespace berth::port
