#pragma once

#include <string>

#include "common/kube/cache.h"
#include "ingress-service/domain/targets.h"

namespace berth::ingress {

/// The cache that ServiceTargets reads: all Services of the cluster, no more of each than its
/// ports and selector.
kube::Cache::Options ServiceCacheOptions();

/// Index of a cache of EndpointSlices: "namespace/service".
inline constexpr const char* kEndpointsByService = "service";

/// The other one: all EndpointSlices, no more of each than its Service and whether one of its
/// endpoints is ready.
kube::Cache::Options EndpointCacheOptions();

/// "namespace/service" of an object in that cache.
std::string ServiceOf(const kube::Json& endpoint_slice);

/// Services as targets. Thread safe; borrows both caches.
class ServiceTargets : public Targets {
 public:
  ServiceTargets(const kube::Cache& services, const kube::Cache& endpoint_slices)
      : services_(services), endpoint_slices_(endpoint_slices) {}

  absl::StatusOr<pool::Port> Resolve(const Target& target, pool::Protocol protocol) const override;
  absl::StatusOr<Backend> FindBackend(const Target& target, pool::Protocol protocol) const override;
  absl::Status CheckEndpoints(const Target& target) const override;

 private:
  struct Found {
    kube::Cache::Object service;
    /// Of spec.ports; lives as long as the Service.
    const kube::Json* port = nullptr;
  };

  absl::StatusOr<Found> Find(const Target& target, pool::Protocol protocol) const;

  const kube::Cache& services_;
  const kube::Cache& endpoint_slices_;
};

}  // namespace berth::ingress
