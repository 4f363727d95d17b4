#pragma once

#include "absl/status/statusor.h"
#include "port-service/domain/discovery.h"
#include "port-service/domain/pools.h"

#include "berth/port/v1/port_service.pb.h"

namespace berth::port {

/// The RPC DiscoverPools.
absl::StatusOr<v1::DiscoverPoolsResponse> DiscoverPools(ClusterScanner& cluster, Pools& pools,
                                                        const v1::DiscoverPoolsRequest& request);

}  // namespace berth::port
