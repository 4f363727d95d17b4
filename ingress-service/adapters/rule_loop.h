#pragma once

#include <string>
#include <vector>

#include "common/kube/cache.h"
#include "common/kube/work_queue.h"
#include "common/metrics/metrics.h"
#include "common/pool/claim_name.h"
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
  void Look(const std::string& pool) { queue_.Add(pool); }
  /// At every pool that exists or has rules.
  void LookAtAll();

 private:
  kube::WorkQueue::Outcome Pass(const std::string& key);
  void OnNamed(const kube::Cache::Change& change);
  void OnService(const kube::Cache::Change& change);
  void OnEndpoints(const kube::Cache::Change& change);
  void LookAtRulesTo(const std::string& service);

  PoolReconciler& reconciler_;
  const Pools& pools_;
  kube::Cache& rules_;
  prometheus::Histogram& pass_seconds_;
  prometheus::Counter& failed_passes_;
  kube::WorkQueue queue_;
  /// Last: they call into the above.
  std::vector<kube::Cache::Subscription> subscriptions_;
};

}  // namespace berth::ingress
