#include "ingress-service/domain/rule_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

// Each try lost means that somebody else changed the rule at that moment.
constexpr int kMaxTries = 5;

constexpr std::chrono::seconds kRemovalTime{2};

absl::Status ClaimNotFound(const pool::ClaimName& name, const std::string& uid) {
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CLAIM_NOT_FOUND,
               fmt::format("there is no claim '{}' of uid '{}'", name.ToString(), uid))
      .WithMetadata("claim", name.ToString());
}

absl::Status RuleRemoving(const Rule& rule) {
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_RULE_REMOVING,
               fmt::format("rule '{}' of claim uid '{}' is being removed; repeat the call when it "
                           "is gone",
                           rule.name.ToString(), rule.spec.claim_uid))
      .WithRetryAfter(kRemovalTime);
}

absl::Status CheckGeneration(const Rule& stored, const WantedRule& wanted) {
  if (!stored.spec.exposure || !wanted.exposure ||
      stored.spec.exposure->uid != wanted.exposure->uid ||
      stored.spec.exposure->generation <= wanted.exposure->generation) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_STALE_GENERATION,
               fmt::format("rule '{}' was already applied for generation {} of its exposure; {} is "
                           "older",
                           stored.name.ToString(), stored.spec.exposure->generation,
                           wanted.exposure->generation))
      .WithMetadata("generation", std::to_string(stored.spec.exposure->generation));
}

RuleSpec SpecOf(const WantedRule& wanted, const Claim& claim) {
  return {.pool_uid = claim.pool_uid,
          .claim_uid = wanted.claim_uid,
          .target = wanted.target,
          .options = wanted.options,
          .exposure = wanted.exposure};
}

bool IsConflict(const absl::Status& status) {
  return ReasonOf(status) == Reason::ERROR_REASON_KUBERNETES_CONFLICT;
}

}  // namespace

absl::Status RuleService::CheckDriver(const WantedRule& wanted) {
  ASSIGN_OR_RETURN(const auto state, with_.pools.Find(wanted.name.pool()));
  ASSIGN_OR_RETURN(const Driver* driver, FindDriver(with_.drivers, state->pool.driver));
  return CheckSupported(*driver, wanted.name, wanted.options);
}

absl::StatusOr<std::optional<Rule>> RuleService::ReadReplaceable(const WantedRule& wanted) {
  ASSIGN_OR_RETURN(std::optional<Rule> stored, with_.rules.Read(wanted.name));
  if (!stored) {
    return stored;
  }
  // A rule of an earlier claim is what the loop removes next.
  if (stored->removing || stored->spec.claim_uid != wanted.claim_uid) {
    return RuleRemoving(*stored);
  }
  RETURN_IF_ERROR(CheckGeneration(*stored, wanted));
  return stored;
}

absl::StatusOr<Claim> RuleService::ReadClaim(const WantedRule& wanted) {
  ASSIGN_OR_RETURN(std::optional<Claim> claim, with_.claims.Read(wanted.name));
  if (!claim || claim->uid != wanted.claim_uid) {
    return ClaimNotFound(wanted.name, wanted.claim_uid);
  }
  return *std::move(claim);
}

absl::Status RuleService::Check(const WantedRule& wanted) {
  RETURN_IF_ERROR(CheckDriver(wanted));
  RETURN_IF_ERROR(ReadReplaceable(wanted).status());
  ASSIGN_OR_RETURN(const Claim claim, ReadClaim(wanted));
  if (claim.state != ClaimState::kReserved && claim.state != ClaimState::kBound) {
    return Error(
        absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CLAIM_WRONG_STATE,
        fmt::format("claim '{}' is being given back; claim again", wanted.name.ToString()));
  }
  return absl::OkStatus();
}

absl::Status RuleService::ConfirmClaim(const Rule& rule) {
  ASSIGN_OR_RETURN(const std::optional<Claim> claim, with_.claims.Read(rule.name));
  if (claim && claim->IsBoundAs(rule.spec.claim_uid)) {
    with_.confirmed.Add(rule.uid);
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(with_.rules.Delete(rule));
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_CLAIM_LOST,
               fmt::format("claim '{}' was given back while its rule was being stored; claim again",
                           rule.name.ToString()));
}

absl::StatusOr<Rule> RuleService::TryApply(const WantedRule& wanted) {
  ASSIGN_OR_RETURN(std::optional<Rule> stored, ReadReplaceable(wanted));
  ASSIGN_OR_RETURN(const Claim claim, ReadClaim(wanted));
  RETURN_IF_ERROR(with_.claims.Bind(wanted.name, wanted.claim_uid));
  const RuleSpec spec = SpecOf(wanted, claim);
  if (!stored) {
    ASSIGN_OR_RETURN(stored, with_.rules.Create(wanted.name, spec));
  } else if (stored->spec != spec) {
    ASSIGN_OR_RETURN(stored, with_.rules.ReplaceSpec(*stored, spec));
  }
  // The claim may have been given back after Bind: only a rule that is stored before this read is
  // seen by those who take it back.
  RETURN_IF_ERROR(ConfirmClaim(*stored));
  return *std::move(stored);
}

// For a claim that was seen waiting for its first rule. Where that is not so any more, a write
// meets a conflict or the claim is not bound, and TryApply says what is.
absl::StatusOr<Rule> RuleService::TryApplyNew(const WantedRule& wanted, const Claim& claim) {
  RETURN_IF_ERROR(with_.claims.Bind(wanted.name, wanted.claim_uid));
  ASSIGN_OR_RETURN(Rule stored, with_.rules.Create(wanted.name, SpecOf(wanted, claim)));
  RETURN_IF_ERROR(ConfirmClaim(stored));
  return stored;
}

absl::StatusOr<Rule> RuleService::ApplyOne(const WantedRule& wanted) {
  RETURN_IF_ERROR(CheckDriver(wanted));
  const std::optional<Claim> seen = with_.claims.Cached(wanted.name);
  const bool is_new = seen && seen->uid == wanted.claim_uid &&
                      seen->state == ClaimState::kReserved && !with_.source.Shows(wanted.name);
  absl::StatusOr<Rule> applied = is_new ? TryApplyNew(wanted, *seen) : TryApply(wanted);
  for (int i = 1; i < kMaxTries && IsConflict(applied.status()); ++i) {
    applied = TryApply(wanted);
  }
  return applied;
}

std::vector<absl::StatusOr<Rule>> RuleService::Apply(const std::vector<WantedRule>& wanted) {
  std::vector<std::size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return wanted[a].name < wanted[b].name; });
  std::vector<absl::StatusOr<Rule>> outcomes(wanted.size(), absl::UnknownError("not applied"));
  for (const std::size_t i : order) {
    outcomes[i] = ApplyOne(wanted[i]);
  }
  return outcomes;
}

absl::Status RuleService::Delete(const pool::ClaimName& name, const std::string& claim_uid) {
  const absl::Status unbound = with_.claims.Unbind(name, claim_uid);
  const bool claim_gone = ReasonOf(unbound) == Reason::ERROR_REASON_CLAIM_NOT_FOUND;
  if (!unbound.ok() && !claim_gone) {
    return unbound;
  }
  ASSIGN_OR_RETURN(const std::optional<Rule> stored, with_.rules.Read(name));
  if (stored && stored->spec.claim_uid == claim_uid) {
    return with_.rules.Delete(*stored);
  }
  return claim_gone ? ClaimNotFound(name, claim_uid) : absl::OkStatus();
}

}  // namespace berth::ingress
