#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/kube/client.h"
#include "common/kube/work_queue.h"
#include "common/metrics/metrics.h"
#include "gateway/adapters/cluster_view.h"
#include "gateway/domain/exposure_store.h"
#include "gateway/domain/load_balancing.h"
#include "gateway/domain/orphans.h"

namespace berth::gateway {

/// Removes rules and claims whose exposure is gone: made by a replica that died at the wrong
/// moment, or whose exposure lost its finalizer by hand.
///
/// Threads: one of its own, from Start to Stop.
class OrphanSweeper {
 public:
  struct Parts {
    kube::Client& client;
    /// Berth's namespace.
    std::string berth_namespace;
    ClusterView& view;
    ExposureStore& store;
    LoadBalancing& load_balancing;
    metrics::Registry& metrics;
    /// Between passes; two of them must lie OrphanSightings::kApart apart to remove anything.
    std::chrono::milliseconds interval;
  };

  explicit OrphanSweeper(Parts parts);

  void Start();
  void Stop() { queue_.Stop(); }

 private:
  kube::WorkQueue::Outcome Sweep();
  /// Those of `held` whose exposure a consistent read does not find.
  absl::StatusOr<std::vector<HeldItem>> Missing(const std::vector<HeldItem>& held);
  /// The counts that people approved, for pools with ripe items.
  absl::StatusOr<std::map<std::string, int>> Approved(const std::vector<HeldItem>& ripe);
  absl::Status Remove(const HeldItem& item);

  const Parts parts_;
  OrphanSightings sightings_;
  prometheus::Gauge& stopped_;
  kube::WorkQueue queue_;
};

}  // namespace berth::gateway
