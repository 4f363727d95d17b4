#pragma once

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/rest_mapper.h"
#include "common/kube/work_queue.h"
#include "common/metrics/metrics.h"
#include "common/pool/pool_watcher.h"
#include "port-service/adapters/claim_cache.h"

namespace berth::port {

/// Looks after the pools: their finalizer, their status, their end, and how full they are.
///
/// Threads: one of its own, from Start to Stop. Safe with any number of replicas: each write
/// carries the resource version that was read. Lifetime: what it borrows must outlive it.
class PoolLoop {
 public:
  PoolLoop(kube::Client& client, kube::RestMapper& mapper, std::string ns,
           const pool::PoolWatcher& pools, ClaimCache& claims, metrics::Registry& metrics);

  void Start();
  void Stop() { queue_.Stop(); }

  /// The pools changed. Does not block.
  void PoolsChanged();

 private:
  kube::WorkQueue::Outcome Pass();
  absl::Status Visit(kube::Json object);
  absl::Status WriteStatus(kube::Json object, const absl::StatusOr<pool::PoolState>& state,
                           const std::vector<pool::LoadBalancerRef>& former);
  absl::Status VisitDeleting(kube::Json object);
  absl::StatusOr<bool> InUse(const std::string& pool_uid);
  absl::StatusOr<std::vector<pool::LoadBalancerRef>> FormerInUse(const kube::Json& object,
                                                                 const pool::Pool& pool);
  absl::StatusOr<bool> CarriesRules(const pool::LoadBalancerRef& ref);
  void Measure();

  kube::Client& client_;
  kube::RestMapper& mapper_;
  const std::string ns_;
  const pool::PoolWatcher& pools_;
  ClaimCache& claims_;
  metrics::Registry& metrics_;
  kube::WorkQueue queue_;
};

}  // namespace berth::port
