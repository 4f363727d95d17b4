#include "port-service/domain/claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/status/status.h"

namespace berth::port {
namespace {

constexpr std::array kStates = {ClaimState::kReserved, ClaimState::kBound, ClaimState::kReleasing,
                                ClaimState::kQuarantined};

absl::Status WrongState(const Claim& claim, std::string_view wanted) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CLAIM_WRONG_STATE,
               fmt::format("claim '{}' is {}{} and cannot be {}", claim.name.ToString(),
                           ToString(claim.state), claim.deleting ? ", being deleted," : "", wanted))
      .WithMetadata("claim", claim.name.ToString())
      .WithMetadata("state", ToString(claim.state));
}

Claim IntoQuarantine(Claim claim, const Quarantine& quarantine) {
  claim.state = ClaimState::kQuarantined;
  claim.expire_time.reset();
  claim.quarantine_begin = quarantine.begin;
  claim.quarantine_end = quarantine.end;
  return claim;
}

}  // namespace

std::string_view ToString(ClaimState state) {
  switch (state) {
    case ClaimState::kReserved:
      return "RESERVED";
    case ClaimState::kBound:
      return "BOUND";
    case ClaimState::kReleasing:
      return "RELEASING";
    case ClaimState::kQuarantined:
      return "QUARANTINED";
  }
  return "";
}

std::optional<ClaimState> ParseClaimState(std::string_view text) {
  for (const ClaimState state : kStates) {
    if (text == ToString(state)) {
      return state;
    }
  }
  return std::nullopt;
}

bool StoredBefore(const Claim& left, const Claim& right) {
  // Resource versions are decimal numbers without leading zeros, which the store gives in ascending
  // order.
  return std::pair(left.resource_version.size(), left.resource_version) <
         std::pair(right.resource_version.size(), right.resource_version);
}

bool Precedes(const Claim& left, const Claim& right) {
  return left.answered() != right.answered() ? left.answered() : StoredBefore(left, right);
}

absl::StatusOr<Claim> Bound(const Claim& claim, const std::string& rule) {
  if (claim.state == ClaimState::kBound && claim.rule == rule) {
    return claim;
  }
  if (claim.state != ClaimState::kReserved || claim.deleting) {
    return WrongState(claim, "bound");
  }
  Claim bound = claim;
  bound.state = ClaimState::kBound;
  bound.expire_time.reset();
  bound.rule = rule;
  bound.ever_bound = true;
  return bound;
}

absl::StatusOr<Claim> Unbound(const Claim& claim) {
  switch (claim.state) {
    case ClaimState::kReserved:
      return WrongState(claim, "unbound: release it instead");
    case ClaimState::kBound: {
      Claim unbound = claim;
      unbound.state = ClaimState::kReleasing;
      return unbound;
    }
    case ClaimState::kReleasing:
    case ClaimState::kQuarantined:
      return claim;
  }
  return claim;
}

absl::StatusOr<Claim> Renewed(const Claim& claim, kube::Time now, std::chrono::seconds ttl) {
  if (claim.state != ClaimState::kReserved || claim.deleting) {
    return WrongState(claim, "renewed");
  }
  if (claim.expire_time.has_value() && *claim.expire_time <= now) {
    return WrongState(claim, "renewed: it has expired, claim a port again");
  }
  const kube::Time end = Later(now, ttl);
  Claim renewed = claim;
  renewed.expire_time = std::max(claim.expire_time.value_or(end), end);
  renewed.adopted = true;
  return renewed;
}

absl::StatusOr<Claim> Released(const Claim& claim, const Quarantine& quarantine) {
  switch (claim.state) {
    case ClaimState::kReserved:
      return IntoQuarantine(claim, quarantine);
    case ClaimState::kBound:
      return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CLAIM_BOUND,
                   fmt::format("claim '{}' is bound to rule '{}': delete the rule instead",
                               claim.name.ToString(), claim.rule.value_or("")))
          .WithMetadata("claim", claim.name.ToString());
    case ClaimState::kReleasing:
    case ClaimState::kQuarantined:
      return claim;
  }
  return claim;
}

absl::StatusOr<Claim> Quarantined(const Claim& claim, const Quarantine& quarantine) {
  if (claim.state != ClaimState::kReleasing) {
    return WrongState(claim, "quarantined");
  }
  return IntoQuarantine(claim, quarantine);
}

bool CanReturn(const Claim& resting, const Claim& wanted) {
  return resting.state == ClaimState::kQuarantined && !resting.deleting &&
         resting.pool_uid == wanted.pool_uid && resting.owner == wanted.owner;
}

Claim Returned(const Claim& resting, const Claim& wanted) {
  Claim claim = wanted;
  claim.name = resting.name;
  claim.incarnation = resting.incarnation + 1;
  claim.uid = resting.uid;
  claim.resource_version = resting.resource_version;
  return claim;
}

kube::Time Later(kube::Time time, std::chrono::seconds duration) {
  return std::chrono::ceil<std::chrono::seconds>(time + duration);
}

Quarantine QuarantineFrom(kube::Time now, std::chrono::seconds duration) {
  return {.begin = Later(now, std::chrono::seconds(0)), .end = Later(now, duration)};
}

}  // namespace berth::port
