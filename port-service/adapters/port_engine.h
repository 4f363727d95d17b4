#pragma once

#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "common/kube/client.h"
#include "common/kube/rest_mapper.h"
#include "common/metrics/metrics.h"
#include "common/pool/pool_watcher.h"
#include "port-service/adapters/claim_cache.h"
#include "port-service/adapters/claim_loop.h"
#include "port-service/adapters/discovery_loop.h"
#include "port-service/adapters/kube_claim_store.h"
#include "port-service/adapters/kube_cluster_reader.h"
#include "port-service/adapters/kube_cluster_scanner.h"
#include "port-service/adapters/kube_pool_store.h"
#include "port-service/adapters/kube_pools.h"
#include "port-service/adapters/pool_gate.h"
#include "port-service/adapters/pool_loop.h"
#include "port-service/adapters/repair_loop.h"
#include "port-service/domain/allocator.h"
#include "port-service/domain/claim_lifecycle.h"
#include "port-service/domain/claim_reaper.h"
#include "port-service/domain/claimer.h"
#include "port-service/domain/pool_chooser.h"

namespace berth::port {

/// One replica of port-service without its server: the domain on top of the Kubernetes API, and the
/// loops that move claims and pools on.
///
/// Threads: those of its parts, from Start to Stop; what it hands out may be used by any. Lifetime:
/// client and registry must outlive it.
class PortEngine {
 public:
  struct Options {
    /// Berth's namespace.
    std::string ns;
    /// How long to wait for the watch to show a claim before asking the API server.
    std::chrono::milliseconds watch_patience = std::chrono::seconds(1);
    /// Between two looks for bound claims without a rule; two such looks release one.
    std::chrono::milliseconds repair_interval = std::chrono::seconds(30);
    /// `ns` is filled in.
    DiscoveryLoop::Options discovery;
  };

  PortEngine(kube::Client& client, metrics::Registry& metrics, const Options& options);
  /// Stops.
  ~PortEngine();

  /// Checks the custom resources and reads pools and claims, then starts the loops.
  /// FAILED_PRECONDITION, CRD_TOO_OLD; DEADLINE_EXCEEDED if the API server cannot be read until
  /// `deadline`.
  absl::Status Start(std::chrono::steady_clock::time_point deadline);
  void Stop();

  Pools& pools() { return pools_; }
  PoolStore& pool_store() { return pool_store_; }
  ClaimStore& store() { return store_; }
  ClaimView& view() { return claims_; }
  ClaimFeed& feed() { return claims_; }
  Claimer& claimer() { return claimer_; }
  ClaimLifecycle& lifecycle() { return lifecycle_; }
  ClusterScanner& scanner() { return scanner_; }

 private:
  void PoolsChanged();
  void Rewound();

  kube::Client& client_;
  kube::RestMapper mapper_;
  KubeClaimStore store_;
  KubePoolStore pool_store_;
  KubeClusterReader cluster_;
  KubeClusterScanner scanner_;
  ClaimCache claims_;
  pool::PoolWatcher watcher_;
  PoolGate gate_;
  KubePools pools_;
  Allocator allocator_;
  PoolChooser chooser_;
  Claimer claimer_;
  ClaimLifecycle lifecycle_;
  ClaimReaper reaper_;
  ClaimLoop claim_loop_;
  PoolLoop pool_loop_;
  RepairLoop repair_loop_;
  DiscoveryLoop discovery_loop_;
};

}  // namespace berth::port
