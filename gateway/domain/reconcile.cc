#include "gateway/domain/reconcile.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status/status.h"

namespace berth::gateway {
namespace {

constexpr std::string_view kPending = "Pending";

/// How many ports an entry tries that turn out to be somebody else's on the load balancer. Where
/// that many are, the next would be too: the pool's range is not Berth's to hand out.
constexpr int kMaxRefusedPorts = 3;

/// As many as port-service takes; only an exposure that is changed again and again has more.
constexpr std::size_t kMaxAvoided = 64;

/// What the exposure gave back: it rests, and its port is not to be had meanwhile.
bool IsGivenBack(const ReconcileFacts& facts, const Claim& claim) {
  return claim.state == Claim::State::kReleasing || claim.state == Claim::State::kQuarantined ||
         facts.asked_to_go.contains(claim.uid);
}

const Rule* RuleOf(const ReconcileFacts& facts, const Claim& claim) {
  const auto found =
      std::find_if(facts.held.rules.begin(), facts.held.rules.end(), [&](const Rule& rule) {
        return rule.name == claim.name && rule.claim_uid == claim.uid && !rule.being_removed;
      });
  return found == facts.held.rules.end() ? nullptr : &*found;
}

/// Whether somebody took the port on the load balancer between claim and rule, and another one will
/// do as well.
bool IsToBeReplaced(const ReconcileFacts& facts, const Claim& claim, const PortWish& wish) {
  const Rule* rule = RuleOf(facts, claim);
  const bool is_taken =
      rule != nullptr && rule->programmed.status == Truth::kFalse &&
      ReasonFromCondition(rule->programmed.reason) == Reason::ERROR_REASON_PORT_TAKEN;
  const auto given_back =
      std::count_if(facts.held.claims.begin(), facts.held.claims.end(), [&](const Claim& other) {
        return other.entry == claim.entry && other.uid != claim.uid && IsGivenBack(facts, other);
      });
  return is_taken && !wish.port.has_value() && given_back < kMaxRefusedPorts;
}

/// Whether the claim is what the entry asks for now.
bool Serves(const Claim& claim, const PortWish& wish, const ExposureSpec& spec) {
  return IsLive(claim) && claim.entry == wish.name.str() && claim.pool == spec.pool().value() &&
         claim.protocol == wish.protocol &&
         (!wish.port.has_value() || wish.port->number() == claim.port);
}

/// The claim that serves each entry. Should there be two, the bound one and then the first by name
/// stays, on every replica alike.
std::map<EntryName, const Claim*> ServingClaims(const ReconcileFacts& facts) {
  std::map<EntryName, const Claim*> serving;
  if (facts.exposure.being_deleted || !facts.exposure.spec.ok()) {
    return serving;
  }
  const auto better = [](const Claim& a, const Claim& b) {
    const bool a_bound = a.state == Claim::State::kBound;
    const bool b_bound = b.state == Claim::State::kBound;
    return a_bound != b_bound ? a_bound : a.name < b.name;
  };
  const ExposureSpec& spec = *facts.exposure.spec;
  for (const PortWish& wish : spec.ports()) {
    for (const Claim& claim : facts.held.claims) {
      if (facts.asked_to_go.contains(claim.uid) || !Serves(claim, wish, spec) ||
          IsToBeReplaced(facts, claim, wish)) {
        continue;
      }
      const Claim*& chosen = serving[wish.name];
      if (chosen == nullptr || better(claim, *chosen)) {
        chosen = &claim;
      }
    }
  }
  return serving;
}

/// What is held and serves no entry, and was not asked to go yet.
Remove Extras(const ReconcileFacts& facts) {
  std::set<std::string> wanted;
  for (const auto& [entry, claim] : ServingClaims(facts)) {
    wanted.insert(claim->uid);
  }
  Remove extras;
  std::set<std::string> seen;
  for (const Claim& claim : facts.held.claims) {
    if (wanted.contains(claim.uid) || facts.asked_to_go.contains(claim.uid)) {
      continue;
    }
    if (claim.state == Claim::State::kBound) {
      extras.rules.push_back(claim);
      seen.insert(claim.uid);
    } else if (claim.state == Claim::State::kReserved) {
      extras.claims.push_back(claim);
    }
  }
  for (const Rule& rule : facts.held.rules) {
    if (!rule.being_removed && !wanted.contains(rule.claim_uid) && !seen.contains(rule.claim_uid) &&
        !facts.asked_to_go.contains(rule.claim_uid)) {
      extras.rules.push_back(Claim{.name = rule.name, .uid = rule.claim_uid});
    }
  }
  return extras;
}

bool HoldsNothing(const Held& held) {
  return held.rules.empty() &&
         std::all_of(held.claims.begin(), held.claims.end(),
                     [](const Claim& claim) { return claim.state == Claim::State::kQuarantined; });
}

ReconcileStep NextRemovalStep(const ReconcileFacts& facts) {
  if (!facts.exposure.has_finalizer) {
    return Settle{};
  }
  if (Remove extras = Extras(facts); !extras.rules.empty() || !extras.claims.empty()) {
    return extras;
  }
  if (!HoldsNothing(facts.held)) {
    return Settle{};
  }
  if (!facts.held_is_consistent) {
    return ReadConsistently{};
  }
  return DropFinalizer{};
}

RuleTarget TargetOf(const ReconcileFacts& facts, const ResolvedTarget& resolved,
                    const EntryName& entry) {
  return RuleTarget{.ns = facts.exposure.key.ns.str(),
                    .service = resolved.service.str(),
                    .port = resolved.ports.at(entry)};
}

bool IsApplied(const ReconcileFacts& facts, const Claim& claim, const RuleTarget& target) {
  const Rule* rule = RuleOf(facts, claim);
  return rule != nullptr && rule->target == target &&
         rule->exposure_generation >= facts.exposure.generation;
}

std::vector<RuleWish> MissingRules(const ReconcileFacts& facts, const ResolvedTarget& resolved) {
  std::vector<RuleWish> missing;
  for (const auto& [entry, claim] : ServingClaims(facts)) {
    RuleTarget target = TargetOf(facts, resolved, entry);
    if (!IsApplied(facts, *claim, target) && !facts.rule_errors.contains(claim->name)) {
      missing.push_back({claim->name, claim->uid, std::move(target)});
    }
  }
  return missing;
}

std::vector<PortWish> MissingEntries(const ReconcileFacts& facts) {
  const std::map<EntryName, const Claim*> serving = ServingClaims(facts);
  std::vector<PortWish> missing;
  for (const PortWish& wish : facts.exposure.spec->ports()) {
    if (!serving.contains(wish.name)) {
      missing.push_back(wish);
    }
  }
  return missing;
}

std::vector<int> PortsGivenBack(const ReconcileFacts& facts) {
  std::set<int> ports;
  for (const Claim& claim : facts.held.claims) {
    const bool counts = claim.pool == facts.exposure.spec->pool().value() &&
                        IsGivenBack(facts, claim) && ports.size() < kMaxAvoided;
    if (counts) {
      ports.insert(claim.port);
    }
  }
  return {ports.begin(), ports.end()};
}

Condition Holds(std::string_view reason, std::string message) {
  return Condition{Truth::kTrue, std::string(reason), std::move(message)};
}

Condition Lacks(const absl::Status& error) {
  return Condition{Truth::kFalse, ConditionReason(ReasonOf(WithNaturalReason(error))),
                   std::string(error.message())};
}

Condition NotYet(std::string message) {
  return Condition{Truth::kUnknown, std::string(kPending), std::move(message)};
}

absl::Status TargetGone(const ReconcileFacts& facts) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_TARGET_GONE,
               fmt::format("namespace {} is being deleted", facts.exposure.key.ns.str()));
}

Condition Claimed(const ReconcileFacts& facts) {
  const std::vector<PortWish> missing = MissingEntries(facts);
  if (missing.empty()) {
    return Holds("Claimed", "");
  }
  if (!facts.claim_error.ok()) {
    return Lacks(facts.claim_error);
  }
  return NotYet(fmt::format("{} of {} ports have no claim yet", missing.size(),
                            facts.exposure.spec->ports().size()));
}

Condition Accepted(const ReconcileFacts& facts, const ResolvedTarget& resolved) {
  const std::map<EntryName, const Claim*> serving = ServingClaims(facts);
  std::size_t applied = 0;
  for (const auto& [entry, claim] : serving) {
    if (const auto error = facts.rule_errors.find(claim->name); error != facts.rule_errors.end()) {
      return Lacks(WithContext(error->second, claim->name));
    }
    applied += IsApplied(facts, *claim, TargetOf(facts, resolved, entry)) ? 1 : 0;
  }
  const std::size_t wanted = facts.exposure.spec->ports().size();
  if (applied < wanted) {
    return NotYet(fmt::format("{} of {} rules are not stored yet", wanted - applied, wanted));
  }
  return Holds("Accepted", "");
}

/// False weighs more than Unknown: it says what is wrong.
Condition Programmed(const ReconcileFacts& facts) {
  Condition worst = Holds("Programmed", "");
  for (const auto& [entry, claim] : ServingClaims(facts)) {
    const Rule* rule = RuleOf(facts, *claim);
    Condition condition = NotYet(fmt::format("{} is not on the load balancer yet", claim->name));
    if (rule != nullptr && !rule->programmed.reason.empty()) {
      condition = rule->programmed;
      condition.message = fmt::format("{}: {}", claim->name, rule->programmed.message);
    }
    if (condition.status == Truth::kFalse ||
        (condition.status == Truth::kUnknown && worst.status == Truth::kTrue)) {
      worst = std::move(condition);
    }
    if (worst.status == Truth::kFalse) {
      break;
    }
  }
  return worst;
}

/// What ingress-service says of the target passes when its view catches up with the cluster: the
/// loop has resolved the target itself.
bool IsAboutTarget(Reason reason) {
  return reason == Reason::ERROR_REASON_TARGET_NOT_FOUND ||
         reason == Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND;
}

bool IsLastingCondition(ConditionType type, const Condition& condition) {
  const auto reason = ReasonFromCondition(condition.reason);
  if (condition.status != Truth::kFalse || !reason.has_value() ||
      (type == ConditionType::kProgrammed && IsAboutTarget(*reason))) {
    return false;
  }
  return IsLasting(Error(absl::StatusCode::kFailedPrecondition, *reason, condition.message));
}

/// The conditions up to Programmed, and none after the first step that a missing target forbids.
Conditions StepConditions(const ReconcileFacts& facts) {
  if (facts.exposure.being_deleted) {
    return {
        {ConditionType::kProgrammed, {Truth::kFalse, "Removing", "the exposure is being removed"}}};
  }
  if (facts.namespace_terminating) {
    return {{ConditionType::kResolved, Lacks(TargetGone(facts))}};
  }
  if (!facts.exposure.spec.ok()) {
    return {{ConditionType::kResolved, Lacks(facts.exposure.spec.status())}};
  }
  const absl::StatusOr<ResolvedTarget> resolved =
      ResolveTarget(*facts.exposure.spec, facts.services);
  if (!resolved.ok()) {
    return {{ConditionType::kResolved, Lacks(resolved.status())}};
  }
  return {{ConditionType::kResolved,
           Holds("Resolved", fmt::format("Service {}", resolved->service.str()))},
          {ConditionType::kClaimed, Claimed(facts)},
          {ConditionType::kAccepted, Accepted(facts, *resolved)},
          {ConditionType::kProgrammed, Programmed(facts)}};
}

void AddSummary(Conditions& conditions) {
  const auto obstacle = std::find_if(conditions.begin(), conditions.end(), [](const auto& entry) {
    return entry.second.status != Truth::kTrue;
  });
  if (obstacle == conditions.end()) {
    conditions[ConditionType::kReady] = Holds("Ready", "every port answers");
    conditions[ConditionType::kReconciling] = {Truth::kFalse, "Ready", ""};
    conditions[ConditionType::kStalled] = {Truth::kFalse, "Ready", ""};
    return;
  }
  const Condition cause = obstacle->second;
  const bool stalled = IsLastingCondition(obstacle->first, cause);
  conditions[ConditionType::kReady] = {Truth::kFalse, cause.reason, cause.message};
  conditions[ConditionType::kReconciling] = {stalled ? Truth::kFalse : Truth::kTrue, cause.reason,
                                             cause.message};
  conditions[ConditionType::kStalled] = {stalled ? Truth::kTrue : Truth::kFalse, cause.reason,
                                         cause.message};
}

std::vector<ExposedPort> PortsOf(const ReconcileFacts& facts) {
  std::vector<ExposedPort> ports;
  for (const auto& [entry, claim] : ServingClaims(facts)) {
    if (const absl::StatusOr<Port> port = Port::Parse(claim->port); port.ok()) {
      ports.push_back({entry, claim->protocol, *port, claim->name});
    }
  }
  return ports;
}

}  // namespace

ReconcileStep NextStep(const ReconcileFacts& facts) {
  const Exposure& exposure = facts.exposure;
  if (exposure.being_deleted) {
    return NextRemovalStep(facts);
  }
  if (facts.creator_failed && MayBeTakenBackBy(exposure, exposure.created_by)) {
    return DeleteExposure{};
  }
  if (facts.namespace_terminating || !exposure.spec.ok()) {
    return Settle{};
  }
  if (!exposure.has_finalizer) {
    return AddFinalizer{};
  }
  if (Remove extras = Extras(facts); !extras.rules.empty() || !extras.claims.empty()) {
    return extras;
  }
  const absl::StatusOr<ResolvedTarget> resolved = ResolveTarget(*exposure.spec, facts.services);
  if (!resolved.ok()) {
    return Settle{};
  }
  if (std::vector<PortWish> missing = MissingEntries(facts); !missing.empty()) {
    return facts.claim_error.ok()
               ? ReconcileStep(ClaimPorts{std::move(missing), PortsGivenBack(facts)})
               : Settle{};
  }
  if (std::vector<RuleWish> missing = MissingRules(facts, *resolved); !missing.empty()) {
    return ApplyRules{std::move(missing)};
  }
  return Settle{};
}

ExposureStatus StatusOf(const ReconcileFacts& facts, Time now) {
  const Exposure& exposure = facts.exposure;
  ExposureStatus status{.observed_generation = exposure.generation,
                        .ready_since = exposure.status.ready_since,
                        .service = exposure.status.service,
                        .addresses = facts.addresses,
                        .ports = PortsOf(facts),
                        .conditions = StepConditions(facts)};
  if (exposure.spec.ok()) {
    if (const auto resolved = ResolveTarget(*exposure.spec, facts.services); resolved.ok()) {
      status.service = resolved->service.str();
    }
  }
  AddSummary(status.conditions);
  for (auto& [type, condition] : status.conditions) {
    condition.observed_generation = exposure.generation;
  }
  if (status.conditions.at(ConditionType::kReady).status == Truth::kTrue &&
      !status.ready_since.has_value()) {
    status.ready_since = now;
  }
  return status;
}

bool IsLasting(const absl::Status& error) {
  switch (ReasonOf(error)) {
    case Reason::ERROR_REASON_INVALID_FIELD:
    case Reason::ERROR_REASON_NOT_IMPLEMENTED:
    case Reason::ERROR_REASON_KUBERNETES_FORBIDDEN:
    case Reason::ERROR_REASON_KUBERNETES_INVALID:
    case Reason::ERROR_REASON_POOL_NOT_FOUND:
    case Reason::ERROR_REASON_POOL_NOT_READY:
    case Reason::ERROR_REASON_POOLS_OVERLAP:
    case Reason::ERROR_REASON_POOL_EXHAUSTED:
    case Reason::ERROR_REASON_PORT_NOT_ALLOWED:
    case Reason::ERROR_REASON_PORT_TAKEN:
    case Reason::ERROR_REASON_QUOTA_EXCEEDED:
    case Reason::ERROR_REASON_OPTION_NOT_SUPPORTED:
    case Reason::ERROR_REASON_DRIVER_NOT_SUPPORTED:
    case Reason::ERROR_REASON_CONTROLLER_REFUSED:
    case Reason::ERROR_REASON_NODE_PORTS_EXHAUSTED:
    case Reason::ERROR_REASON_TARGET_NOT_FOUND:
    case Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND:
    case Reason::ERROR_REASON_TARGET_WITHOUT_SELECTOR:
    case Reason::ERROR_REASON_TARGET_AMBIGUOUS:
    case Reason::ERROR_REASON_TARGET_GONE:
      return true;
    default:
      return false;
  }
}

}  // namespace berth::gateway
