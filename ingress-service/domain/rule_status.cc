#include "ingress-service/domain/rule_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace berth::ingress {
namespace {

constexpr std::size_t kMaxMessage = 4096;

// The text of an error as a condition's message: within the schema's limit, not cut inside a
// character.
std::string Message(const absl::Status& status) {
  std::string message(status.message().data(), status.message().size());
  if (message.size() > kMaxMessage) {
    std::size_t end = kMaxMessage;
    while (end > 0 && (message[end] & 0xC0) == 0x80) {
      --end;
    }
    message.resize(end);
  }
  return message;
}

void Set(const Rule& rule, RuleStatus& status, std::string_view type, const absl::Status& outcome,
         kube::Time now) {
  kube::Condition next{
      .type = std::string(type),
      .status = outcome.ok() ? kube::ConditionStatus::kTrue : kube::ConditionStatus::kFalse,
      .reason = outcome.ok() ? std::string(type) : ConditionReason(ReasonOf(outcome)),
      .message = Message(outcome),
      .observed_generation = rule.generation,
      .last_transition_time = now,
  };
  const auto found = std::find_if(status.conditions.begin(), status.conditions.end(),
                                  [&](const auto& condition) { return condition.type == type; });
  if (found == status.conditions.end()) {
    status.conditions.push_back(std::move(next));
    return;
  }
  if (found->status == next.status && found->last_transition_time) {
    next.last_transition_time = found->last_transition_time;
  }
  *found = std::move(next);
}

absl::Status NotProgrammed(std::string_view message) {
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_PROGRAMMED, message);
}

// Whether the rule is served, and how that is known.
struct Verdict {
  absl::Status status;
  std::string evidence;
};

// Why a connection does not reach a backend: the cause that is known before the one that is seen.
Verdict NotServed(const Sighting& sighting, absl::Status seen) {
  for (const absl::Status& cause : {sighting.resolved, sighting.endpoints}) {
    if (!cause.ok()) {
      return {cause, ""};
    }
  }
  return {std::move(seen), ""};
}

Verdict JudgeProbe(const Sighting& sighting, const ProbeResult& probe) {
  switch (probe.kind) {
    case ProbeResult::Kind::kServing:
      return {absl::OkStatus(), "tcp-connect"};
    case ProbeResult::Kind::kClosed:
      return NotServed(
          sighting,
          Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NO_READY_ENDPOINTS,
                fmt::format("the load balancer does not reach the target: {}", probe.detail)));
    case ProbeResult::Kind::kUnreachable:
      return NotServed(sighting,
                       NotProgrammed(fmt::format(
                           "the entry is written, and the load balancer does not serve it yet: {}",
                           probe.detail)));
  }
  return {};
}

// None: this pass cannot tell more than what is stored.
std::optional<Verdict> Judge(const Rule& rule, const Sighting& sighting) {
  if (!sighting.accepted.ok()) {
    return Verdict{sighting.accepted, ""};
  }
  if (!sighting.progress) {
    return std::nullopt;
  }
  if (!sighting.progress->status.ok()) {
    return Verdict{sighting.progress->status, ""};
  }
  if (!sighting.load_balancer.ok()) {
    return Verdict{NotProgrammed(Message(sighting.load_balancer)), ""};
  }
  if (!sighting.needs_probe) {
    return sighting.resolved.ok() ? Verdict{absl::OkStatus(), sighting.progress->evidence}
                                  : Verdict{sighting.resolved, ""};
  }
  if (sighting.probe) {
    return JudgeProbe(sighting, *sighting.probe);
  }
  const kube::Condition* stored = rule.status.Find(kProgrammed);
  const bool stored_speaks_of_this = stored != nullptr &&
                                     stored->observed_generation == rule.generation &&
                                     rule.status.written == sighting.progress->written;
  if (stored_speaks_of_this) {
    return std::nullopt;
  }
  return Verdict{sighting.resolved.ok()
                     ? NotProgrammed("the entry is written; waiting for a connection through the "
                                     "load balancer")
                     : sighting.resolved,
                 ""};
}

Standing Degraded(const kube::Condition& condition) {
  return {
      .state = RuleState::kDegraded,
      .reason = ReasonFromCondition(condition.reason).value_or(Reason::ERROR_REASON_NOT_PROGRAMMED),
      .message = condition.message};
}

}  // namespace

RuleStatus NextStatus(const Rule& rule, const Sighting& sighting, kube::Time now) {
  RuleStatus next = rule.status;
  next.observed_generation = rule.generation;
  Set(rule, next, kAccepted, sighting.accepted, now);
  Set(rule, next, kResolvedRefs, sighting.resolved, now);
  if (const std::optional<Verdict> verdict = Judge(rule, sighting)) {
    const bool was_programmed = rule.status.IsTrue(kProgrammed);
    Set(rule, next, kProgrammed, verdict->status, now);
    next.evidence = verdict->evidence;
    if (verdict->status.ok() && !was_programmed) {
      next.programmed_time = now;
    }
  }
  if (sighting.progress && sighting.progress->status.ok()) {
    next.written = sighting.progress->written;
  }
  return next;
}

Standing StandingOf(const Rule& rule) {
  if (rule.removing) {
    return {.state = RuleState::kRemoving, .message = "its entries are leaving the load balancer"};
  }
  const auto current = [&](std::string_view type) -> const kube::Condition* {
    const kube::Condition* condition = rule.status.Find(type);
    const bool is_current =
        condition != nullptr && condition->observed_generation == rule.generation;
    return is_current ? condition : nullptr;
  };
  for (const std::string_view type : {kAccepted, kResolvedRefs}) {
    const kube::Condition* condition = current(type);
    if (condition != nullptr && condition->status == kube::ConditionStatus::kFalse) {
      return Degraded(*condition);
    }
  }
  const kube::Condition* programmed = current(kProgrammed);
  if (programmed == nullptr) {
    return {.state = RuleState::kPending,
            .reason = Reason::ERROR_REASON_NOT_PROGRAMMED,
            .message = "not yet looked at"};
  }
  if (programmed->status == kube::ConditionStatus::kTrue) {
    return {.state = RuleState::kProgrammed};
  }
  Standing standing = Degraded(*programmed);
  if (standing.reason == Reason::ERROR_REASON_NOT_PROGRAMMED && !rule.status.programmed_time) {
    standing.state = RuleState::kPending;
  }
  return standing;
}

}  // namespace berth::ingress
