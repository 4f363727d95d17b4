#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/kube/client.h"
#include "common/kube/rest_mapper.h"
#include "common/kube/work_queue.h"
#include "common/pool/pool_watcher.h"
#include "common/sync/mutex.h"
#include "port-service/adapters/claim_cache.h"
#include "port-service/domain/claim_store.h"

namespace berth::port {

/// Keeps a pool closed on this replica until every rule of it, and every entry on its load
/// balancers that Berth owns, has a claim; missing claims are created, BOUND. All pools close again
/// when the API server's store was put back to an earlier state.
///
/// Threads: one of its own, from Start to Stop; all methods may be called from any thread.
/// Lifetime: what it borrows must outlive it.
class PoolGate {
 public:
  PoolGate(kube::Client& client, kube::RestMapper& mapper, std::string ns, ClaimStore& store,
           const ClaimCache& claims, const pool::PoolWatcher& pools);

  void Start() { queue_.Start(); }
  void Stop() { queue_.Stop(); }

  /// OK if the pool is open on this replica; UNAVAILABLE, NOT_READY with RetryInfo otherwise.
  absl::Status CheckOpen(const pool::Pool& pool) const;

  /// The pools changed: works on those that are closed. Does not block.
  void PoolsChanged() { queue_.Add(kPass); }
  /// The store was put back: closes all. Does not block.
  void CloseAll();

 private:
  static constexpr char kPass[] = "pass";

  kube::WorkQueue::Outcome Pass();
  absl::Status Open(const pool::Pool& pool);
  absl::Status CreateMissingClaims(const pool::PoolState& pool);

  kube::Client& client_;
  kube::RestMapper& mapper_;
  const std::string ns_;
  ClaimStore& store_;
  const ClaimCache& claims_;
  const pool::PoolWatcher& pools_;
  kube::WorkQueue queue_;

  mutable Mutex mutex_;
  /// Uids of the open pools.
  std::set<std::string> open_ ABSL_GUARDED_BY(mutex_);
  /// Counts CloseAll: a pass that began before one opens nothing.
  std::uint64_t closings_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace berth::port
