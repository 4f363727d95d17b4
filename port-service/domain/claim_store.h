#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/time.h"
#include "common/pool/claim_name.h"
#include "common/pool/pool.h"
#include "port-service/domain/claim.h"
#include "port-service/domain/port_usage.h"

namespace berth::port {

/// The stored claims. Names are unique, so creating a claim is winning its port. May be used by
/// several threads. Beyond what is said, any call may fail with the store's errors (UNAVAILABLE and
/// others); the write may then have happened or not.
class ClaimStore {
 public:
  virtual ~ClaimStore() = default;

  /// The claim as stored, with uid and resource version. ALREADY_EXISTS if the name is taken.
  virtual absl::StatusOr<Claim> Create(const Claim& claim) = 0;
  /// The newest state. NOT_FOUND, CLAIM_NOT_FOUND if there is none.
  virtual absl::StatusOr<Claim> Get(const pool::ClaimName& name) = 0;
  /// Stores the claim in place of what was read with its uid and resource version; answers it as
  /// stored, with another uid if its incarnation is another. ABORTED if it changed since, NOT_FOUND
  /// if it is gone.
  virtual absl::StatusOr<Claim> Replace(const Claim& claim) = 0;
  /// Frees the name. ABORTED and NOT_FOUND as above.
  virtual absl::Status Delete(const Claim& claim) = 0;
};

/// What a replica has seen of the stored claims; may lag behind them.
class ClaimView {
 public:
  virtual ~ClaimView() = default;

  /// None if it shows none, or none that can be read.
  virtual std::optional<Claim> Find(const pool::ClaimName& name) = 0;
  /// The claims of a request, in all pools.
  virtual std::vector<Claim> FindByRequest(const Owner& owner, const RequestId& request_id) = 0;
  /// The claims of an owner in a pool that are in quarantine.
  virtual std::vector<Claim> FindResting(const pool::PoolName& pool, const Owner& owner) = 0;
  /// The claims with the same key as `claim` (ClaimKey), itself among them if it still exists, from
  /// a state that is at least as new as it.
  virtual absl::StatusOr<std::vector<Claim>> FindDuplicates(const Claim& claim) = 0;
  /// The claims of the same request as `claim`, in all pools, itself among them if it still exists,
  /// from a state that is at least as new as it.
  virtual absl::StatusOr<std::vector<Claim>> FindSameRequest(const Claim& claim) = 0;
  /// The claims of the same pool that count against the same quota as `claim` (QuotaNamespace),
  /// itself among them if it still exists, from a state that is at least as new as it.
  virtual absl::StatusOr<std::vector<Claim>> FindByQuota(const Claim& claim) = 0;
  /// The ports of a pool that have a claim.
  virtual ClaimedPorts PortsOf(const pool::PoolName& pool) = 0;
};

/// The newest state of the objects around a claim: what decisions that cannot be taken back rest
/// on.
class ClusterReader {
 public:
  virtual ~ClusterReader() = default;

  /// NOT_FOUND, POOL_NOT_FOUND if there is none.
  virtual absl::StatusOr<pool::Pool> ReadPool(const pool::PoolName& name) = 0;
  /// Whether a rule of this name exists, being deleted or not.
  virtual absl::StatusOr<bool> HasRule(const pool::ClaimName& name) = 0;
  /// Whether an object that was made for the claim exists in any namespace, being deleted or not.
  virtual absl::StatusOr<bool> HasObjects(const Claim& claim) = 0;
};

/// The API server's time. UNAVAILABLE when it is not known from a sample at most 60 s old: nothing
/// may expire then.
using ServerNow = std::function<absl::StatusOr<kube::Time>()>;

}  // namespace berth::port
