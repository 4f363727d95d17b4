#include "gateway/domain/exposure_state.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace berth::gateway {
namespace {

/// The code that goes with a reason in the contract of Expose, Claim and ApplyRules.
absl::StatusCode CodeOf(Reason reason) {
  if (reason == Reason::ERROR_REASON_POOL_NOT_FOUND ||
      reason == Reason::ERROR_REASON_TARGET_NOT_FOUND) {
    return absl::StatusCode::kNotFound;
  }
  if (reason == Reason::ERROR_REASON_PORT_TAKEN ||
      reason == Reason::ERROR_REASON_REQUEST_ID_REUSED) {
    return absl::StatusCode::kAlreadyExists;
  }
  if (reason == Reason::ERROR_REASON_POOL_EXHAUSTED ||
      reason == Reason::ERROR_REASON_QUOTA_EXCEEDED ||
      reason == Reason::ERROR_REASON_NODE_PORTS_EXHAUSTED) {
    return absl::StatusCode::kResourceExhausted;
  }
  if (reason == Reason::ERROR_REASON_OPTION_NOT_SUPPORTED ||
      reason == Reason::ERROR_REASON_DRIVER_NOT_SUPPORTED) {
    return absl::StatusCode::kUnimplemented;
  }
  return absl::StatusCode::kFailedPrecondition;
}

/// Whether the load balancer has, or had, what was asked, so that "pending" would mislead.
bool WasMade(const Exposure& exposure) {
  const Condition* programmed = CurrentCondition(exposure, ConditionType::kProgrammed);
  return exposure.status.ready_since.has_value() || IsTrue(exposure, ConditionType::kStalled) ||
         (IsTrue(exposure, ConditionType::kAccepted) && programmed != nullptr &&
          programmed->status == Truth::kFalse);
}

bool IsTargetMissing(const Exposure& exposure) {
  const Condition* resolved = CurrentCondition(exposure, ConditionType::kResolved);
  if (resolved == nullptr || resolved->status != Truth::kFalse) {
    return false;
  }
  const auto reason = ReasonFromCondition(resolved->reason);
  return reason == Reason::ERROR_REASON_TARGET_NOT_FOUND ||
         reason == Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND ||
         reason == Reason::ERROR_REASON_TARGET_GONE;
}

}  // namespace

ExposureStanding StandingOf(const Exposure& exposure) {
  ExposureStanding standing;
  if (const Condition* ready = CurrentCondition(exposure, ConditionType::kReady);
      ready != nullptr && ready->status != Truth::kTrue) {
    standing.reason = ReasonFromCondition(ready->reason).value_or(Reason::ERROR_REASON_UNSPECIFIED);
    standing.message = ready->message;
  }
  if (exposure.being_deleted) {
    standing.state = ExposureState::kRemoving;
  } else if (IsTrue(exposure, ConditionType::kReady)) {
    standing.state = ExposureState::kActive;
  } else if (IsTargetMissing(exposure)) {
    standing.state = ExposureState::kTargetMissing;
  } else if (WasMade(exposure)) {
    standing.state = ExposureState::kDegraded;
  }
  return standing;
}

ExposurePhase PhaseOf(const Exposure& exposure) {
  const std::string name = exposure.key.ToString();
  if (exposure.being_deleted) {
    return {"REMOVING_EXPOSURE", fmt::format("removing exposure {}", name)};
  }
  const std::pair<ConditionType, std::string_view> steps[] = {
      {ConditionType::kResolved, "RESOLVING_TARGET"},
      {ConditionType::kClaimed, "CLAIMING_PORTS"},
      {ConditionType::kAccepted, "STORING_RULES"},
      {ConditionType::kProgrammed, "PROGRAMMING"},
  };
  for (const auto& [type, phase] : steps) {
    if (IsTrue(exposure, type)) {
      continue;
    }
    const Condition* condition = CurrentCondition(exposure, type);
    return {std::string(phase), condition != nullptr && !condition->message.empty()
                                    ? fmt::format("exposure {}: {}", name, condition->message)
                                    : fmt::format("exposure {}", name)};
  }
  return {"PROGRAMMED", fmt::format("exposure {}", name)};
}

absl::Status StalledError(const Exposure& exposure) {
  const Condition* stalled = CurrentCondition(exposure, ConditionType::kStalled);
  if (stalled == nullptr) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_EXPOSURE_STALLED,
                 fmt::format("exposure {} cannot become ready", exposure.key.ToString()));
  }
  const Reason reason =
      ReasonFromCondition(stalled->reason).value_or(Reason::ERROR_REASON_EXPOSURE_STALLED);
  return Error(CodeOf(reason), reason,
               fmt::format("exposure {}: {}", exposure.key.ToString(), stalled->message));
}

}  // namespace berth::gateway
