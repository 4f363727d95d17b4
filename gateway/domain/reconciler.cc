#include "gateway/domain/reconciler.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::gateway {
namespace {

/// Watches bring changes at once; these are for what no watch tells.
constexpr std::chrono::milliseconds kLookAgainWhenReady = std::chrono::minutes(5);
constexpr std::chrono::milliseconds kLookAgain = std::chrono::seconds(10);
/// Far more than any exposure takes; a guard against two steps that undo each other.
constexpr int kMaxSteps = 32;

ExposureRef RefOf(const Exposure& exposure) {
  return {.key = exposure.key, .uid = exposure.uid, .generation = exposure.generation};
}

/// The claim went away under the rule: what the watch showed is old.
bool IsLostClaim(const absl::Status& error) {
  const Reason reason = ReasonOf(error);
  return reason == Reason::ERROR_REASON_CLAIM_NOT_FOUND ||
         reason == Reason::ERROR_REASON_CLAIM_WRONG_STATE ||
         reason == Reason::ERROR_REASON_CLAIM_LOST;
}

/// The replica of port-service that was asked has not seen yet that the claim was given back.
absl::Status StillShown(const Claim& claim) {
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_KUBERNETES_CONFLICT,
               "claim '" + claim.name + "' is being given back")
      .WithRetryAfter(std::chrono::seconds(1));
}

/// The first error that a retry may cure.
absl::Status PassingError(const ReconcileFacts& facts) {
  if (!facts.claim_error.ok() && !IsLasting(facts.claim_error)) {
    return facts.claim_error;
  }
  for (const auto& [claim, error] : facts.rule_errors) {
    if (!IsLasting(error)) {
      return WithContext(error, claim);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::chrono::milliseconds> Reconciler::Reconcile(const ExposureKey& key) {
  ASSIGN_OR_RETURN(std::optional<Exposure> exposure, parts_.store.Get(key));
  if (!exposure.has_value()) {
    return kLookAgainWhenReady;
  }
  ASSIGN_OR_RETURN(ReconcileFacts facts, Observe(*std::move(exposure)));
  for (int step = 0; step < kMaxSteps; ++step) {
    ASSIGN_OR_RETURN(const Taken taken, TakeStep(facts));
    if (taken == Taken::kMore) {
      continue;
    }
    if (taken == Taken::kGone) {
      return kLookAgainWhenReady;
    }
    RETURN_IF_ERROR(WriteStatus(facts));
    RETURN_IF_ERROR(PassingError(facts));
    return IsTrue(facts.exposure, ConditionType::kReady) ? kLookAgainWhenReady : kLookAgain;
  }
  return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
               "exposure " + key.ToString() + " does not settle");
}

absl::StatusOr<ReconcileFacts> Reconciler::Observe(Exposure exposure) {
  ReconcileFacts facts{.exposure = std::move(exposure)};
  const Exposure& seen = facts.exposure;
  facts.addresses = seen.status.addresses;
  ASSIGN_OR_RETURN(facts.held, parts_.surroundings.HeldBy(seen.uid, Freshness::kWatched));
  if (seen.being_deleted) {
    return facts;
  }
  ASSIGN_OR_RETURN(facts.namespace_terminating, parts_.surroundings.IsTerminating(seen.key.ns));
  if (MayBeTakenBackBy(seen, seen.created_by)) {
    ASSIGN_OR_RETURN(facts.creator_failed,
                     parts_.surroundings.EndedWithoutSuccess(seen.created_by));
  }
  ASSIGN_OR_RETURN(facts.services, parts_.surroundings.Services(seen.key.ns, Freshness::kWatched));
  RETURN_IF_ERROR(MakeSureOfTarget(facts));
  return facts;
}

absl::Status Reconciler::MakeSureOfTarget(ReconcileFacts& facts) {
  const Exposure& exposure = facts.exposure;
  if (exposure.spec.ok() && !ResolveTarget(*exposure.spec, facts.services).ok()) {
    ASSIGN_OR_RETURN(facts.services,
                     parts_.surroundings.Services(exposure.key.ns, Freshness::kConsistent));
  }
  return absl::OkStatus();
}

absl::StatusOr<Reconciler::Taken> Reconciler::TakeStep(ReconcileFacts& facts) {
  const Exposure& seen = facts.exposure;
  const ReconcileStep next = NextStep(facts);
  if (std::holds_alternative<Settle>(next)) {
    return Taken::kSettled;
  }
  if (std::holds_alternative<DropFinalizer>(next)) {
    const absl::Status dropped = parts_.keeper.DropFinalizer(seen);
    return dropped.ok() || absl::IsNotFound(dropped) ? absl::StatusOr<Taken>(Taken::kGone)
                                                     : dropped;
  }
  if (std::holds_alternative<ReadConsistently>(next)) {
    ASSIGN_OR_RETURN(facts.held, parts_.surroundings.HeldBy(seen.uid, Freshness::kConsistent));
    facts.held_is_consistent = true;
  } else if (std::holds_alternative<AddFinalizer>(next)) {
    RETURN_IF_ERROR(parts_.keeper.AddFinalizer(seen));
    RETURN_IF_ERROR(Reread(facts));
  } else if (std::holds_alternative<DeleteExposure>(next)) {
    RETURN_IF_ERROR(parts_.store.Delete(seen));
    RETURN_IF_ERROR(Reread(facts));
  } else if (const auto* remove = std::get_if<Remove>(&next)) {
    RETURN_IF_ERROR(Carry(*remove, facts));
  } else if (const auto* claim = std::get_if<ClaimPorts>(&next)) {
    RETURN_IF_ERROR(Carry(*claim, facts));
  } else if (const auto* apply = std::get_if<ApplyRules>(&next)) {
    RETURN_IF_ERROR(Carry(*apply, facts));
  }
  return Taken::kMore;
}

absl::Status Reconciler::Reread(ReconcileFacts& facts) {
  ASSIGN_OR_RETURN(std::optional<Exposure> exposure, parts_.store.Get(facts.exposure.key));
  if (!exposure.has_value() || exposure->uid != facts.exposure.uid) {
    return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_EXPOSURE_DELETED,
                 "exposure " + facts.exposure.key.ToString() + " was deleted meanwhile");
  }
  facts.exposure = *std::move(exposure);
  return absl::OkStatus();
}

absl::Status Reconciler::Carry(const Remove& step, ReconcileFacts& facts) {
  for (const Claim& claim : step.rules) {
    RETURN_IF_ERROR(parts_.load_balancing.DeleteRule(claim.name, claim.uid));
    facts.asked_to_go.insert(claim.uid);
  }
  for (const Claim& claim : step.claims) {
    absl::Status released = parts_.load_balancing.ReleaseClaim(claim.name, claim.uid);
    if (ReasonOf(released) == Reason::ERROR_REASON_CLAIM_BOUND) {
      released = parts_.load_balancing.DeleteRule(claim.name, claim.uid);
    }
    RETURN_IF_ERROR(released);
    facts.asked_to_go.insert(claim.uid);
  }
  return absl::OkStatus();
}

absl::Status Reconciler::Carry(const ClaimPorts& step, ReconcileFacts& facts) {
  absl::StatusOr<std::vector<Claim>> claims = parts_.load_balancing.ClaimPorts(
      RefOf(facts.exposure), facts.exposure.spec->pool(), step.entries, step.avoid);
  if (!claims.ok()) {
    facts.claim_error = claims.status();
    return absl::OkStatus();
  }
  for (Claim& claim : *claims) {
    if (facts.asked_to_go.contains(claim.uid)) {
      facts.claim_error = StillShown(claim);
      return absl::OkStatus();
    }
    std::erase_if(facts.held.claims, [&](const Claim& old) { return old.uid == claim.uid; });
    facts.held.claims.push_back(std::move(claim));
  }
  return absl::OkStatus();
}

absl::Status Reconciler::Carry(const ApplyRules& step, ReconcileFacts& facts) {
  const std::vector<absl::StatusOr<Rule>> answers =
      parts_.load_balancing.ApplyRules(RefOf(facts.exposure), step.rules);
  bool lost = false;
  for (std::size_t i = 0; i < step.rules.size(); ++i) {
    const RuleWish& wish = step.rules[i];
    if (!answers[i].ok()) {
      lost = lost || IsLostClaim(answers[i].status());
      facts.rule_errors[wish.claim] = answers[i].status();
      continue;
    }
    std::erase_if(facts.held.rules,
                  [&](const Rule& old) { return old.claim_uid == wish.claim_uid; });
    facts.held.rules.push_back(*answers[i]);
  }
  if (lost && !facts.held_is_consistent) {
    ASSIGN_OR_RETURN(facts.held,
                     parts_.surroundings.HeldBy(facts.exposure.uid, Freshness::kConsistent));
    facts.held_is_consistent = true;
    facts.claim_error = absl::OkStatus();
    facts.rule_errors.clear();
  }
  return absl::OkStatus();
}

absl::Status Reconciler::WriteStatus(ReconcileFacts& facts) {
  const Exposure& exposure = facts.exposure;
  if (exposure.spec.ok() && !exposure.being_deleted) {
    // A pool that cannot be asked keeps the addresses it had.
    if (auto addresses = parts_.load_balancing.Addresses(exposure.spec->pool()); addresses.ok()) {
      facts.addresses = *std::move(addresses);
    }
  }
  ExposureStatus status = StatusOf(facts, parts_.now());
  if (status != exposure.status) {
    RETURN_IF_ERROR(parts_.keeper.WriteStatus(exposure, status));
    facts.exposure.status = std::move(status);
  }
  return absl::OkStatus();
}

}  // namespace berth::gateway
