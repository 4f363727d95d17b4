#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/pool/claim_name.h"

namespace berth::ingress {

enum class ClaimState { kReserved, kBound, kReleasing, kQuarantined };

/// What a rule needs to know of a claim.
struct Claim {
  std::string uid;
  std::string pool_uid;
  ClaimState state = ClaimState::kReserved;

  bool IsBoundAs(const std::string& claim_uid) const {
    return state == ClaimState::kBound && uid == claim_uid;
  }
};

/// The claims under rules: read as they are stored, changed by port-service alone. Thread safe.
class Claims {
 public:
  virtual ~Claims() = default;
  /// What the watch has applied; none if there is no such claim, or before the first list.
  virtual std::optional<Claim> Cached(const pool::ClaimName& name) const = 0;
  /// A read confirmed by a quorum; none if there is no such claim.
  virtual absl::StatusOr<std::optional<Claim>> Read(const pool::ClaimName& name) = 0;
  /// Claims a port that others hold on the load balancer, and answers with the claim's uid; the
  /// same one when repeated by the same owner. Errors of PortService.Claim.
  virtual absl::StatusOr<std::string> TakeHeld(const pool::ClaimName& name,
                                               const std::string& owner) = 0;
  /// RESERVED becomes BOUND. Errors of PortService.BindClaim.
  virtual absl::Status Bind(const pool::ClaimName& name, const std::string& uid) = 0;
  /// BOUND becomes RELEASING. Errors of PortService.UnbindClaim.
  virtual absl::Status Unbind(const pool::ClaimName& name, const std::string& uid) = 0;
};

}  // namespace berth::ingress
