#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "port-service/domain/claim.h"
#include "port-service/domain/claim_store.h"

namespace berth::port {

/// Moves claims on when their time has come or what they wait for is gone: the only way by which a
/// port becomes free. Any number of replicas may do it at once; better to leak a port for a while
/// than to hand it out twice.
///
/// Thread safe, without state of its own.
class ClaimReaper {
 public:
  /// The uid of a pool as this replica has seen it last; none if it has seen none. Only a hint.
  using PoolUidHint = std::function<std::optional<std::string>(const pool::PoolName& name)>;

  /// All are borrowed.
  ClaimReaper(ClaimStore& store, ClusterReader& cluster, ServerNow now, PoolUidHint pool_uid);

  /// Does what is due for the claim. Answers when to look at it again; none if only a change of it
  /// can make something due. ABORTED and NOT_FOUND if it changed meanwhile: look at the new state.
  absl::StatusOr<std::optional<std::chrono::milliseconds>> Step(const Claim& claim);

 private:
  using Next = std::optional<std::chrono::milliseconds>;

  absl::StatusOr<Next> StepReserved(const Claim& claim);
  absl::StatusOr<Next> StepBound(const Claim& claim);
  absl::StatusOr<Next> StepReleasing(const Claim& claim);
  absl::StatusOr<Next> StepQuarantined(const Claim& claim);
  absl::StatusOr<bool> PoolIsGone(const Claim& claim);

  ClaimStore& store_;
  ClusterReader& cluster_;
  const ServerNow now_;
  const PoolUidHint pool_uid_;
};

}  // namespace berth::port
