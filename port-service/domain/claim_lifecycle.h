#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/pool/claim_name.h"
#include "port-service/domain/claim.h"
#include "port-service/domain/claim_store.h"
#include "port-service/domain/pools.h"

namespace berth::port {

/// What callers do to a claim that they were given. Every change is a compare-and-swap: first on
/// what this replica has seen, which mostly is still so and costs no read, then a few times on the
/// newest state. Refusals rest on the newest state alone.
///
/// Errors of each: NOT_FOUND, CLAIM_NOT_FOUND if there is no claim of this name and uid; ABORTED,
/// KUBERNETES_CONFLICT if it kept changing. Thread safe, without state of its own.
class ClaimLifecycle {
 public:
  /// All are borrowed.
  ClaimLifecycle(ClaimStore& store, ClaimView& view, ClusterReader& cluster, Pools& pools,
                 ServerNow now);

  /// RESERVED → BOUND; the same rule may be bound again. FAILED_PRECONDITION: CLAIM_WRONG_STATE;
  /// POOL_NOT_READY if the claim's pool is gone or being deleted.
  absl::StatusOr<Claim> Bind(const pool::ClaimName& name, const std::string& uid,
                             const std::string& rule);
  /// BOUND → RELEASING. FAILED_PRECONDITION: CLAIM_WRONG_STATE.
  absl::StatusOr<Claim> Unbind(const pool::ClaimName& name, const std::string& uid);
  /// RESERVED for `ttl` from now at least, for the claim's own TTL if none is given.
  /// FAILED_PRECONDITION: CLAIM_WRONG_STATE.
  absl::StatusOr<Claim> Renew(const pool::ClaimName& name, const std::string& uid,
                              std::optional<std::chrono::seconds> ttl);
  /// RESERVED → QUARANTINED. FAILED_PRECONDITION: CLAIM_BOUND.
  absl::StatusOr<Claim> Release(const pool::ClaimName& name, const std::string& uid);

 private:
  using Transition = std::function<absl::StatusOr<Claim>(const Claim& claim)>;

  absl::StatusOr<Claim> Change(const pool::ClaimName& name, const std::string& uid,
                               const Transition& transition);
  absl::Status CheckPool(const Claim& claim);

  ClaimStore& store_;
  ClaimView& view_;
  ClusterReader& cluster_;
  Pools& pools_;
  const ServerNow now_;
};

/// How long a claim rests that goes into quarantine now: the pool's time, or 10 minutes if the pool
/// is gone.
absl::StatusOr<Quarantine> NextQuarantine(ClusterReader& cluster, const ServerNow& now,
                                          const Claim& claim);

}  // namespace berth::port
