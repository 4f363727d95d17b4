#include "gateway/domain/deploy_steps.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/status.h"

namespace berth::gateway {
namespace {

std::string ReleaseText(const DeployPlan& plan) {
  return fmt::format("release {}/{}", plan.exposure.key.ns.str(), plan.release.str());
}

DeployStep NextUpgradeStep(const DeployPlan& plan, const DeployFacts& facts) {
  switch (facts.upgrade.state) {
    case Child::State::kSucceeded:
      return RecordRevision{facts.upgrade.revision};
    case Child::State::kFailed:
      return BeginUndo{facts.upgrade.error};
    case Child::State::kAbsent:
    case Child::State::kRunning:
      break;
  }
  const std::string waited_for = ReleaseText(plan) + " to be installed";
  if (facts.operation.cancel_requested) {
    return BeginUndo{CancelledError(waited_for)};
  }
  if (facts.operation.out_of_time) {
    return BeginUndo{TimeoutError(waited_for)};
  }
  if (facts.upgrade.state == Child::State::kRunning) {
    return AwaitChild{};
  }
  if (facts.has_input) {
    return SendUpgrade{};
  }
  return BeginUndo{
      Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_INTERRUPTED,
            fmt::format("the replica that ran this operation died before it sent {} to Helm; "
                        "repeat it with another request_id",
                        ReleaseText(plan)))
          .WithMetadata("effect", "none")};
}

/// The way back to how the release was; nothing if it is there, or cannot be got to.
std::optional<DeployPlan::Back> WayBack(const DeployPlan& plan, const DeployFacts& facts) {
  const int made = plan.revision_made != 0 ? plan.revision_made : plan.revision_before + 1;
  if (facts.newest_revision == plan.revision_before || facts.newest_revision != made) {
    return std::nullopt;
  }
  DeployPlan::Back back;
  back.way = plan.revision_before == 0 ? DeployPlan::Back::Way::kUninstall
                                       : DeployPlan::Back::Way::kRollback;
  back.attempt = plan.back.has_value() ? plan.back->attempt + 1 : 1;
  back.expected_revision = made;
  return back;
}

/// What is left of the release, in words; empty if it is as it was.
std::string ReleaseLeftover(const DeployPlan& plan, const DeployFacts& facts) {
  if (plan.back.has_value()) {
    if (facts.back.state == Child::State::kSucceeded) {
      return "";
    }
    const std::string why = facts.back.state == Child::State::kFailed
                                ? std::string(facts.back.error.message())
                                : "out of time";
    return fmt::format("{} is still at revision {}: {}", ReleaseText(plan),
                       plan.back->expected_revision, why.empty() ? "the way back failed" : why);
  }
  if (facts.upgrade.state == Child::State::kRunning) {
    return fmt::format("{} is still being worked on by Helm", ReleaseText(plan));
  }
  if (facts.newest_revision == plan.revision_before) {
    return "";
  }
  return fmt::format("{} is at revision {}, which this operation did not make, and was left there",
                     ReleaseText(plan), facts.newest_revision);
}

std::vector<std::string> Leftovers(const DeployPlan& plan, const DeployFacts& facts,
                                   const ExposeUndoStep& exposure) {
  std::vector<std::string> leftovers;
  if (!std::holds_alternative<ExposureIsBack>(exposure)) {
    leftovers.push_back(
        fmt::format("exposure {} is still being removed", plan.exposure.key.ToString()));
  }
  if (std::string release = ReleaseLeftover(plan, facts); !release.empty()) {
    leftovers.push_back(std::move(release));
  }
  return leftovers;
}

/// Helm's part of the way back; nothing once it is over, one way or another.
std::optional<DeployUndoStep> NextReleaseUndoStep(const DeployPlan& plan,
                                                  const DeployFacts& facts) {
  if (plan.back.has_value() && !DiedBeforeItsFirstEffect(facts.back)) {
    switch (facts.back.state) {
      case Child::State::kAbsent:
        return SendBack{};
      case Child::State::kRunning:
        return AwaitChild{};
      case Child::State::kSucceeded:
      case Child::State::kFailed:
        return std::nullopt;
    }
  }
  if (auto back = WayBack(plan, facts); back.has_value()) {
    return RecordBack{*std::move(back)};
  }
  return std::nullopt;
}

}  // namespace

DeployStep NextDeployStep(const DeployPlan& plan, const DeployFacts& facts) {
  if (plan.revision_made == 0) {
    return NextUpgradeStep(plan, facts);
  }
  ExposeStep step = NextExposeStep(plan.exposure, facts.operation, facts.exposure);
  if (std::holds_alternative<ExposureIsReady>(step)) {
    return DeployIsDone{};
  }
  if (ExposeFailed* failed = std::get_if<ExposeFailed>(&step)) {
    return failed->undo ? DeployStep(BeginUndo{std::move(failed->error)})
                        : DeployFailed{std::move(failed->error)};
  }
  return step;
}

DeployUndoStep NextDeployUndoStep(const DeployPlan& plan, const DeployFacts& facts) {
  const ExposeUndoStep exposure =
      NextExposeUndoStep(plan.exposure, facts.operation, facts.exposure);
  if (facts.operation.out_of_time) {
    return DeployIsBack{Leftovers(plan, facts, exposure)};
  }
  // Marking the exposure is quick and stops its loop; its removal goes on beside Helm's work.
  if (std::holds_alternative<TakeBackExposure>(exposure) ||
      std::holds_alternative<RestoreExposure>(exposure)) {
    return exposure;
  }
  if (facts.upgrade.state == Child::State::kAbsent) {
    return CancelUpgrade{};
  }
  if (facts.upgrade.state == Child::State::kRunning) {
    return facts.upgrade.cancel_requested ? DeployUndoStep(AwaitChild{}) : CancelUpgrade{};
  }
  if (auto release = NextReleaseUndoStep(plan, facts); release.has_value()) {
    return *std::move(release);
  }
  if (std::holds_alternative<AwaitRemoval>(exposure)) {
    return exposure;
  }
  return DeployIsBack{Leftovers(plan, facts, exposure)};
}

absl::Status ErrorAfterUndo(const absl::Status& cause, const std::vector<std::string>& leftovers) {
  if (leftovers.empty()) {
    return cause;
  }
  return Error(cause.code(), Reason::ERROR_REASON_UNDO_INCOMPLETE,
               fmt::format("{}; not everything could be taken back: {}",
                           std::string(cause.message()), fmt::join(leftovers, "; ")))
      .WithMetadata("leftovers", fmt::format("{}", fmt::join(leftovers, "; ")))
      .WithMetadata("cause", ReasonName(ReasonOf(cause)));
}

}  // namespace berth::gateway
