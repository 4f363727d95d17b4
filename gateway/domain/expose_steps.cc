#include "gateway/domain/expose_steps.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "common/status/status.h"
#include "gateway/domain/exposure_state.h"

namespace berth::gateway {
namespace {

std::string WaitedFor(const ExposePlan& plan, const std::optional<Exposure>& found) {
  const std::string text = fmt::format("exposure {} to become ready", plan.key.ToString());
  if (!found.has_value()) {
    return text;
  }
  if (found->being_deleted) {
    return fmt::format("the removal of the former exposure {}", plan.key.ToString());
  }
  const std::string message = StandingOf(*found).message;
  return message.empty() ? text : fmt::format("{} ({})", text, message);
}

/// Cancelled or out of time: not before what is done was looked at.
std::optional<ExposeStep> Interruption(const ExposePlan& plan, const OperationView& operation,
                                       const std::optional<Exposure>& found) {
  if (operation.cancel_requested) {
    return ExposeFailed{CancelledError(WaitedFor(plan, found))};
  }
  if (operation.out_of_time) {
    return ExposeFailed{TimeoutError(WaitedFor(plan, found))};
  }
  return std::nullopt;
}

ExposeStep Refuse(const ExposePlan& plan) {
  return ExposeFailed{
      Error(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_EXPOSURE_EXISTS,
            fmt::format("exposure {} exists with another spec; give another name, or remove it "
                        "with Unexpose first",
                        plan.key.ToString()))};
}

/// Before it is known which exposure counts: make, join or replace it.
ExposeStep NextWrite(const ExposePlan& plan, const OperationView& operation,
                     const std::optional<Exposure>& found) {
  if (!found.has_value()) {
    return CreateExposure{};
  }
  if (found->being_deleted) {
    return AwaitExposure{};
  }
  if (found->created_by == operation.name) {
    return RecordExposure{found->uid, 1};
  }
  const bool replaced = plan.former.has_value() && plan.former->uid == found->uid;
  if (found->spec.ok() && *found->spec == plan.spec) {
    return found->created_by.empty() ? ExposeStep(RecordExposure{found->uid, found->generation})
                                     : JoinExposure{};
  }
  if (!plan.release.has_value() || !BelongsTo(*found, *plan.release) || !found->spec.ok()) {
    return Refuse(plan);
  }
  if (!replaced || plan.former->generation != found->generation) {
    return RecordFormer{{found->uid, found->generation, *found->spec}};
  }
  return ReplaceExposure{};
}

}  // namespace

ExposeStep NextExposeStep(const ExposePlan& plan, const OperationView& operation,
                          const std::optional<Exposure>& found) {
  if (plan.generation == 0) {
    if (auto interruption = Interruption(plan, operation, found); interruption.has_value()) {
      return *interruption;
    }
    return NextWrite(plan, operation, found);
  }
  if (!found.has_value() || found->uid != plan.uid) {
    return ExposeFailed{Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_EXPOSURE_DELETED,
                              fmt::format("exposure {} was deleted meanwhile; nothing was undone",
                                          plan.key.ToString())),
                        /*undo=*/false};
  }
  if (found->generation != plan.generation) {
    return ExposeFailed{Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_EXPOSURE_CHANGED,
                              fmt::format("exposure {} was changed meanwhile; nothing was undone",
                                          plan.key.ToString())),
                        /*undo=*/false};
  }
  if (!found->being_deleted && IsTrue(*found, ConditionType::kReady)) {
    return ExposureIsReady{};
  }
  if (!found->being_deleted && IsTrue(*found, ConditionType::kStalled)) {
    return ExposeFailed{StalledError(*found)};
  }
  if (auto interruption = Interruption(plan, operation, found); interruption.has_value()) {
    return *interruption;
  }
  return AwaitExposure{};
}

ExposeUndoStep NextExposeUndoStep(const ExposePlan& plan, const OperationView& operation,
                                  const std::optional<Exposure>& found) {
  if (!found.has_value() || (!plan.uid.empty() && found->uid != plan.uid)) {
    return ExposureIsBack{};
  }
  if (found->created_by == operation.name && found->being_deleted) {
    return AwaitRemoval{};
  }
  if (MayBeTakenBackBy(*found, operation.name)) {
    return TakeBackExposure{};
  }
  if (!plan.former.has_value() || plan.former->uid != found->uid || found->being_deleted ||
      !found->spec.ok() || *found->spec != plan.spec) {
    return ExposureIsBack{};
  }
  // A replacement whose answer was lost shows as the next generation with the plan's spec.
  const std::int64_t ours = plan.generation != 0 ? plan.generation : plan.former->generation + 1;
  return found->generation == ours ? ExposeUndoStep(RestoreExposure{}) : ExposureIsBack{};
}

absl::Status CancelledError(const std::string& waited_for) {
  return Error(absl::StatusCode::kCancelled, Reason::ERROR_REASON_CANCELLED,
               fmt::format("cancelled while waiting for {}", waited_for));
}

absl::Status TimeoutError(const std::string& waited_for) {
  return Error(absl::StatusCode::kDeadlineExceeded, Reason::ERROR_REASON_OPERATION_TIMEOUT,
               fmt::format("out of time while waiting for {}", waited_for));
}

}  // namespace berth::gateway
