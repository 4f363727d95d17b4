#include "port-service/domain/claim_reaper.h"

#include <algorithm>
#include <utility>

#include "common/status/macros.h"
#include "port-service/domain/claim_lifecycle.h"
#include "port-service/domain/sweep.h"

namespace berth::port {
namespace {

using std::chrono::milliseconds;

/// How long to wait for a rule to go; its deletion is also seen by watch.
constexpr milliseconds kRuleInterval = std::chrono::seconds(2);
/// A reserved claim that is being deleted may be one that the call which created it takes back;
/// that frees the port at once, and is over after this time.
constexpr std::chrono::seconds kTakeBackTime{5};

/// When a reserved claim goes into quarantine; none if nothing says so.
std::optional<kube::Time> EndOfReservation(const Claim& claim, kube::Time now) {
  std::optional<kube::Time> end = claim.expire_time;
  if (claim.deleting) {
    const kube::Time wished = claim.deletion_time.value_or(now - kTakeBackTime) + kTakeBackTime;
    end = std::min(end.value_or(wished), wished);
  }
  return end;
}

milliseconds Until(kube::Time time, kube::Time now) {
  return std::chrono::ceil<milliseconds>(time - now);
}

}  // namespace

ClaimReaper::ClaimReaper(ClaimStore& store, ClusterReader& cluster, ServerNow now,
                         PoolUidHint pool_uid)
    : store_(store), cluster_(cluster), now_(std::move(now)), pool_uid_(std::move(pool_uid)) {}

absl::StatusOr<std::optional<milliseconds>> ClaimReaper::Step(const Claim& claim) {
  switch (claim.state) {
    case ClaimState::kReserved:
      return StepReserved(claim);
    case ClaimState::kBound:
      return StepBound(claim);
    case ClaimState::kReleasing:
      return StepReleasing(claim);
    case ClaimState::kQuarantined:
      return StepQuarantined(claim);
  }
  return std::nullopt;
}

absl::StatusOr<ClaimReaper::Next> ClaimReaper::StepReserved(const Claim& claim) {
  ASSIGN_OR_RETURN(const kube::Time now, now_());
  const std::optional<kube::Time> end_of_reservation = EndOfReservation(claim, now);
  if (!end_of_reservation.has_value() || now < *end_of_reservation) {
    ASSIGN_OR_RETURN(const bool pool_is_gone, PoolIsGone(claim));
    if (!pool_is_gone) {
      return end_of_reservation.has_value() ? Next(Until(*end_of_reservation, now)) : std::nullopt;
    }
  }
  ASSIGN_OR_RETURN(const Quarantine quarantine, NextQuarantine(cluster_, now_, claim));
  ASSIGN_OR_RETURN(const Claim released, Released(claim, quarantine));
  RETURN_IF_ERROR(store_.Replace(released).status());
  return std::nullopt;
}

absl::StatusOr<ClaimReaper::Next> ClaimReaper::StepBound(const Claim& claim) {
  if (claim.deleting) {
    // Ingress-service deletes the rule of a claim that is RELEASING.
    ASSIGN_OR_RETURN(const Claim unbound, Unbound(claim));
    RETURN_IF_ERROR(store_.Replace(unbound).status());
  }
  return std::nullopt;
}

absl::StatusOr<ClaimReaper::Next> ClaimReaper::StepReleasing(const Claim& claim) {
  // The claim was read as RELEASING before this read is made. No rule can be stored from here on:
  // whoever stores one reads the claim after it and deletes the rule again.
  ASSIGN_OR_RETURN(const bool has_rule, cluster_.HasRule(claim.name));
  if (has_rule) {
    return Next(kRuleInterval);
  }
  ASSIGN_OR_RETURN(const Quarantine quarantine, NextQuarantine(cluster_, now_, claim));
  ASSIGN_OR_RETURN(const Claim quarantined, Quarantined(claim, quarantine));
  RETURN_IF_ERROR(store_.Replace(quarantined).status());
  return std::nullopt;
}

absl::StatusOr<ClaimReaper::Next> ClaimReaper::StepQuarantined(const Claim& claim) {
  ASSIGN_OR_RETURN(const kube::Time now, now_());
  if (claim.quarantine_end.has_value() && now < *claim.quarantine_end) {
    return Next(Until(*claim.quarantine_end, now));
  }
  ASSIGN_OR_RETURN(const bool has_rule, cluster_.HasRule(claim.name));
  if (has_rule) {
    return Next(kRuleInterval);
  }
  ASSIGN_OR_RETURN(const milliseconds unswept, UntilSwept(cluster_, claim, now));
  if (unswept.count() > 0) {
    return Next(unswept);
  }
  RETURN_IF_ERROR(store_.Delete(claim));
  return std::nullopt;
}

absl::StatusOr<bool> ClaimReaper::PoolIsGone(const Claim& claim) {
  if (pool_uid_(claim.name.pool()) == claim.pool_uid) {
    return false;
  }
  const absl::StatusOr<pool::Pool> pool = cluster_.ReadPool(claim.name.pool());
  if (absl::IsNotFound(pool.status())) {
    return true;
  }
  RETURN_IF_ERROR(pool.status());
  return pool->uid != claim.pool_uid;
}

}  // namespace berth::port
