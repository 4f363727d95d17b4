#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "common/kube/time.h"
#include "common/pool/pool_state.h"

namespace berth::port {

/// Finalizer of every pool: it stays until no claim and no rule of it is left.
inline constexpr char kPoolFinalizer[] = "berth.dev/pool";

/// Load balancers that the pool's status names, its spec no longer does, and that may still carry
/// rules of the pool.
std::vector<pool::LoadBalancerRef> FormerLoadBalancers(const kube::Json& object,
                                                       const pool::Pool& pool);

/// Writes the status that `state` asks for into a PortPool object: addresses, load balancers (with
/// `former` ones that still carry rules) and the condition Ready. An error says why the spec cannot
/// be used. True if anything changed.
bool SetPoolStatus(kube::Json& object, const absl::StatusOr<pool::PoolState>& state,
                   const std::vector<pool::LoadBalancerRef>& former, kube::Time now);

}  // namespace berth::port
