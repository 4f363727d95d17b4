#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/cache.h"
#include "common/kube/work_queue.h"
#include "common/metrics/metrics.h"
#include "common/pool/claim_name.h"
#include "common/sync/mutex.h"
#include "ingress-service/domain/pool_reconciler.h"
#include "ingress-service/domain/pools.h"

namespace berth::ingress {

/// Runs a pass for a pool whenever something changed that it depends on: its rules, their claims
/// and targets, the load balancer, a probe. The key of the queue is the pool, so all that waits
/// while a pass runs becomes one next pass, and so one group of writes.
///
/// Threads: the queue's workers, from Start to Stop. Lifetime: everything given must outlive it;
/// the caches may be started before or after.
class RuleLoop {
 public:
  struct Caches {
    kube::Cache& rules;
    kube::Cache& claims;
    kube::Cache& services;
    kube::Cache& endpoint_slices;
  };

  RuleLoop(PoolReconciler& reconciler, const Pools& pools, Caches caches,
           metrics::Registry& metrics, int workers);

  void Start();
  /// Waits for running passes; no new one begins.
  void Stop() { queue_.Stop(); }

  /// Any thread; does not block.
  void Look(const std::string& pool);
  /// Whether something changed since the pass over the pool that is running began.
  bool IsWoken(const std::string& pool) const { return queue_.WasAddedMeanwhile(pool); }
  /// At every pool that exists or has rules.
  void LookAtAll();

 private:
  kube::WorkQueue::Outcome Pass(const std::string& key);
  void OnRule(const kube::Cache::Change& change);
  void OnClaim(const kube::Cache::Change& change);
  std::chrono::milliseconds GatherTime(const std::string& pool) const;
  void OnService(const kube::Cache::Change& change);
  void OnEndpoints(const kube::Cache::Change& change);
  void LookAtRulesTo(const std::string& service);

  PoolReconciler& reconciler_;
  const Pools& pools_;
  kube::Cache& rules_;
  prometheus::Histogram& pass_seconds_;
  prometheus::Counter& failed_passes_;
  mutable Mutex mutex_;
  /// By pool: how long the next pass waits for more rules; none for not at all.
  std::map<std::string, std::chrono::milliseconds> gather_ ABSL_GUARDED_BY(mutex_);
  kube::WorkQueue queue_;
  /// Last: they call into the above.
  std::vector<kube::Cache::Subscription> subscriptions_;
};

}  // namespace berth::ingress
