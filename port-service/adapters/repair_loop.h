#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "common/kube/client.h"
#include "common/kube/work_queue.h"
#include "common/metrics/metrics.h"
#include "common/pool/claim_name.h"
#include "port-service/domain/claim_feed.h"
#include "port-service/domain/claim_store.h"
#include "port-service/domain/lost_claims.h"

namespace berth::port {

/// Annotation of a PortPool by which an operator lets one pass remove more than the limit: the
/// number of removals, as the alarm says it.
inline constexpr char kRepairApprovedAnnotation[] = "berth.dev/repair-approved";

/// Releases bound claims that have no rule. A pass that would release more than the limit in a pool
/// changes nothing there, says so, and waits for the operator.
///
/// Threads: one of its own, from Start to Stop. Safe with any number of replicas. Lifetime: what it
/// borrows must outlive it.
class RepairLoop {
 public:
  struct Options {
    std::string ns;
    /// Between two passes, and at least between two sightings.
    std::chrono::milliseconds interval = std::chrono::seconds(30);
  };

  RepairLoop(kube::Client& client, Options options, ClaimStore& store, ClaimFeed& feed,
             ClusterReader& cluster, metrics::Registry& metrics);

  void Start();
  void Stop() { queue_.Stop(); }

 private:
  kube::WorkQueue::Outcome Pass();
  absl::Status Release(const pool::PoolName& pool, const std::vector<Claim>& lost,
                       std::size_t bound);
  absl::Status Release(const Claim& claim);
  absl::StatusOr<bool> IsApproved(const pool::PoolName& pool, std::size_t count);

  kube::Client& client_;
  const Options options_;
  ClaimStore& store_;
  ClaimFeed& feed_;
  ClusterReader& cluster_;
  metrics::Registry& metrics_;
  /// Used by the queue's one worker only.
  LostClaims lost_;
  kube::WorkQueue queue_;
};

}  // namespace berth::port
