#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "common/pool/pool_state.h"
#include "port-service/domain/claim.h"
#include "port-service/domain/claim_request.h"
#include "port-service/domain/claim_store.h"

namespace berth::port {

/// Hands out ports, never the same one twice, whatever crashes and however many replicas do it at
/// once: a port is won by creating the object of its name, and nothing else decides.
///
/// A request that is repeated, on any replica, gets the ports it got before: its claims are found
/// by their key, and of two claims that two replicas made for one entry, the older one wins. Claims
/// that were released or have expired count as gone.
///
/// Where a selector left the choice of the pool, several calls for one request may have chosen
/// several: the one that stored first goes on, the others take back what they made.
///
/// An owner that comes back while its former port is in quarantine gets that one again.
///
/// Thread safe, without state of its own.
class Allocator {
 public:
  /// All are borrowed.
  Allocator(ClaimStore& store, ClaimView& view, ClusterReader& cluster, ServerNow now);

  /// The claims of all wishes, by wish and then by protocol. On an error, what this call created is
  /// taken back, or expires if that fails too. `pool` is the one that was named or chosen.
  ///
  /// FAILED_PRECONDITION: POOL_NOT_READY, POOLS_OVERLAP, PORT_NOT_ALLOWED. ALREADY_EXISTS:
  /// PORT_TAKEN, REQUEST_ID_REUSED. RESOURCE_EXHAUSTED: POOL_EXHAUSTED, QUOTA_EXCEEDED. ABORTED,
  /// KUBERNETES_CONFLICT if calls for the same request kept getting in each other's way, or one of
  /// them chose another pool before this one did.
  absl::StatusOr<std::vector<Claim>> Allocate(const pool::PoolState& pool,
                                              const ClaimRequest& request);

 private:
  ClaimStore& store_;
  ClaimView& view_;
  ClusterReader& cluster_;
  const ServerNow now_;
};

}  // namespace berth::port
