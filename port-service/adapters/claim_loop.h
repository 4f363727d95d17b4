#pragma once

#include <string>

#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "common/kube/work_queue.h"
#include "port-service/adapters/claim_cache.h"
#include "port-service/domain/claim_reaper.h"

namespace berth::port {

/// Looks at every claim when it changes, when its rule goes, when its time comes, and now and then.
///
/// Threads: the workers of a queue and those of a cache of rules, from Start to Stop. Safe with any
/// number of replicas. Lifetime: what it borrows must outlive it.
class ClaimLoop {
 public:
  ClaimLoop(kube::Client& client, const std::string& ns, ClaimCache& claims, ClaimReaper& reaper);

  void Start();
  void Stop();

  /// Looks at one claim soon.
  void Add(const std::string& name) { queue_.Add(name); }

 private:
  kube::WorkQueue::Outcome Visit(const std::string& name);

  ClaimCache& claims_;
  ClaimReaper& reaper_;
  kube::WorkQueue queue_;
  /// The rules, to learn at once when one goes; decisions rest on reads.
  kube::Cache rules_;
  kube::Cache::Subscription subscription_;
};

}  // namespace berth::port
