#pragma once

#include <chrono>
#include <string>

#include "common/kube/client.h"
#include "common/kube/work_queue.h"
#include "common/pool/port.h"
#include "port-service/domain/discovery.h"
#include "port-service/domain/pool_store.h"

namespace berth::port {

/// Makes a pool of every labelled load balancer that one can be made of and that is in none. It
/// never changes or deletes a pool: an operator may go on with it as with one of his own.
///
/// Threads: one of its own, from Start to Stop. Any number of replicas may do it at once: they come
/// to the same name and spec. Lifetime: what it borrows must outlive it.
class DiscoveryLoop {
 public:
  struct Options {
    /// Berth's namespace.
    std::string ns;
    /// Kubernetes label selector of the load balancers; empty for no pools made without a call.
    std::string label_selector;
    /// Namespace of the load balancers; empty for all.
    std::string load_balancer_namespace;
    /// Ports of the pools it makes.
    int first_port = 20000;
    int last_port = 20999;
    /// Between two looks.
    std::chrono::milliseconds interval = std::chrono::seconds(30);
  };

  DiscoveryLoop(kube::Client& client, Options options, ClusterScanner& scanner, PoolStore& pools);

  void Start();
  void Stop() { queue_.Stop(); }

 private:
  kube::WorkQueue::Outcome Pass();
  absl::StatusOr<std::vector<pool::Pool>> ReadPools();

  kube::Client& client_;
  const Options options_;
  ClusterScanner& scanner_;
  PoolStore& pools_;
  kube::WorkQueue queue_;
};

}  // namespace berth::port
