#pragma once

#include "common/kube/cache.h"
#include "ingress-service/domain/targets.h"

namespace berth::ingress {

/// The cache that ServiceTargets reads: all Services of the cluster, no more of each than its
/// ports.
kube::Cache::Options ServiceCacheOptions();

/// Services as targets. Thread safe; borrows the cache.
class ServiceTargets : public Targets {
 public:
  explicit ServiceTargets(const kube::Cache& services) : services_(services) {}

  absl::StatusOr<pool::Port> Resolve(const Target& target, pool::Protocol protocol) const override;

 private:
  const kube::Cache& services_;
};

}  // namespace berth::ingress
