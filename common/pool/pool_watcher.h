#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/pool/pool_state.h"

namespace berth::pool {

/// Watches the pools of Berth's namespace with their load balancers and ConfigMaps, each by a watch
/// of that one object, the ListenerSets of Gateways, and for pools of Driver::kLoadBalancer all
/// Services of type LoadBalancer.
///
/// Threads: its caches' and one of its own, from Start to Stop; all methods may be called from any
/// thread. Lifetime: the client must outlive it; the states handed out may outlive both.
class PoolWatcher {
 public:
  using State = std::shared_ptr<const PoolState>;

  struct Options {
    /// Berth's namespace.
    std::string ns;
    /// Called after any change of a pool, load balancer, ConfigMap, ListenerSet or Service of
    /// others, from a thread of the watcher's; may not block. May be empty.
    std::function<void()> on_change;
    /// Called when the API server's store was put back to an earlier state (kube::Cache::Listener).
    /// May be empty.
    std::function<void()> on_rewound;
  };

  PoolWatcher(kube::Client& client, Options options);
  /// Stops.
  ~PoolWatcher();

  PoolWatcher(const PoolWatcher&) = delete;
  PoolWatcher& operator=(const PoolWatcher&) = delete;

  void Start();
  void Stop();

  /// Whether the pools are known.
  bool synced() const;
  /// OK once the pools are known; what each names may follow (PoolState::known). DEADLINE_EXCEEDED
  /// with the last error otherwise.
  absl::Status WaitForSync(std::chrono::steady_clock::time_point deadline) const;

  /// NOT_FOUND, POOL_NOT_FOUND if there is none; UNAVAILABLE, NOT_READY before the first list; the
  /// error of ParsePool for one that cannot be used.
  absl::StatusOr<State> Find(const PoolName& name) const;
  /// By name; pools that cannot be parsed are left out. Empty before the first list.
  std::vector<State> List() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::pool
