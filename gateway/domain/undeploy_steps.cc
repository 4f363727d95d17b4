#include "gateway/domain/undeploy_steps.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/domain/expose_steps.h"

namespace berth::gateway {
namespace {

std::optional<UndeployStep> Interruption(const OperationView& operation,
                                         const std::string& waited_for) {
  if (operation.cancel_requested) {
    return UndeployFailed{CancelledError(waited_for)};
  }
  if (operation.out_of_time) {
    return UndeployFailed{TimeoutError(waited_for)};
  }
  return std::nullopt;
}

std::optional<UndeployStep> NextExposuresStep(const UndeployPlan& plan,
                                              const UndeployFacts& facts) {
  if (facts.exposures.empty()) {
    return std::nullopt;
  }
  if (auto interruption =
          Interruption(facts.operation, fmt::format("exposures of release {}/{} to be removed",
                                                    plan.ns.str(), plan.release.str()));
      interruption.has_value()) {
    return interruption;
  }
  RemoveExposures remove;
  for (const Exposure& exposure : facts.exposures) {
    if (!exposure.being_deleted) {
      remove.exposures.push_back(exposure);
    }
  }
  if (remove.exposures.empty()) {
    return AwaitExposuresGone{};
  }
  return remove;
}

}  // namespace

UndeployStep NextUndeployStep(const UndeployPlan& plan, const UndeployFacts& facts) {
  const std::string waited_for =
      fmt::format("release {}/{} to be removed", plan.ns.str(), plan.release.str());
  if (facts.uninstall.state == Child::State::kAbsent) {
    if (auto step = NextExposuresStep(plan, facts); step.has_value()) {
      return *std::move(step);
    }
    if (auto interruption = Interruption(facts.operation, waited_for); interruption.has_value()) {
      return *std::move(interruption);
    }
    return SendUninstall{};
  }
  switch (facts.uninstall.state) {
    case Child::State::kAbsent:
    case Child::State::kRunning:
      break;
    case Child::State::kSucceeded:
      return UndeployIsDone{facts.uninstall.removed};
    case Child::State::kFailed:
      if (!DiedBeforeItsFirstEffect(facts.uninstall) || facts.operation.cancel_requested ||
          facts.operation.out_of_time) {
        return UndeployFailed{facts.uninstall.error};
      }
      return RenewUninstall{};
  }
  // It ends with its child, never before it.
  const bool stop = facts.operation.cancel_requested || facts.operation.out_of_time;
  return stop && !facts.uninstall.cancel_requested ? UndeployStep(CancelUninstall{})
                                                   : AwaitUninstall{};
}

}  // namespace berth::gateway
