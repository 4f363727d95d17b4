#include "gateway/transport/undeploy_operation.h"

#include <algorithm>
#include <any>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "gateway/domain/expose_steps.h"
#include "gateway/transport/plan_json.h"
#include "gateway/transport/requests.h"
#include "gateway/transport/run_support.h"

#include "berth/gateway/v1/gateway_service.pb.h"

namespace berth::gateway {
namespace {

using operation::Done;
using operation::Failed;
using operation::Progress;
using operation::Run;
using operation::Wait;

/// No watch tells when the last of several exposures is gone.
constexpr std::chrono::milliseconds kLookForExposures{500};
constexpr std::chrono::seconds kLookAgain{5};
/// Plans and results are stored and small; whoever removes more exposures at once learns of these.
constexpr std::size_t kMaxNamesBytes = 1536;

void NoteRemoved(std::vector<std::string>& removed, const std::string& name) {
  std::size_t bytes = name.size();
  for (const std::string& known : removed) {
    if (known == name) {
      return;
    }
    bytes += known.size() + 3;
  }
  if (bytes <= kMaxNamesBytes) {
    removed.push_back(name);
  }
}

Progress DoneWith(const UndeployPlan& plan, bool removed_release) {
  v1::UndeployResult result;
  result.mutable_removed_exposures()->Assign(plan.removed.begin(), plan.removed.end());
  result.set_removed_release(removed_release);
  Done done;
  done.result.PackFrom(result);
  return done;
}

absl::Status Begin(Run& run) {
  ASSIGN_OR_RETURN(ReleaseKey release, ParseUndeploy(*run.Input<v1::UndeployRequest>()));
  return run.BeginEffects(
      ToJson(UndeployPlan{std::move(release.ns), std::move(release.name)}, run.name()));
}

}  // namespace

Progress UndeployOperation::Advance(Run& run) {
  if (!run.effects_begun()) {
    if (run.cancel_requested()) {
      return Failed{CancelledError("its turn")};
    }
    if (absl::Status begun = Begin(run); !begun.ok()) {
      return MayPass(begun) && !ViewOf(run).out_of_time ? Progress(TryAgain())
                                                        : Failed{std::move(begun)};
    }
  }
  const absl::StatusOr<UndeployPlan> plan = UndeployPlanFromJson(run.plan());
  if (!plan.ok()) {
    return Failed{plan.status()};
  }
  if (!run.state().has_value()) {
    run.state() = std::make_shared<ChildFollower>(parts_.children);
  }
  ChildFollower& child = *std::any_cast<std::shared_ptr<ChildFollower>&>(run.state());
  const absl::StatusOr<UndeployFacts> facts = Observe(run, *plan, child);
  if (!facts.ok()) {
    return MayPass(facts.status()) && !ViewOf(run).out_of_time ? Progress(TryAgain())
                                                               : Failed{facts.status()};
  }
  const UndeployStep step = NextUndeployStep(*plan, *facts);
  if (const auto* done = std::get_if<UndeployIsDone>(&step)) {
    return DoneWith(*plan, done->removed_release);
  }
  if (const auto* failed = std::get_if<UndeployFailed>(&step)) {
    return Failed{failed->error};
  }
  if (std::holds_alternative<AwaitExposuresGone>(step)) {
    return Wait{kLookForExposures};
  }
  if (std::holds_alternative<AwaitUninstall>(step)) {
    return Wait{kLookAgain};
  }
  const absl::Status taken = TakeStep(run, *plan, step, child);
  if (taken.ok()) {
    return Wait{std::chrono::milliseconds(0)};
  }
  return MayPass(taken) ? Progress(TryAgain()) : Failed{taken};
}

absl::StatusOr<UndeployFacts> UndeployOperation::Observe(Run& run, const UndeployPlan& plan,
                                                         ChildFollower& child) {
  UndeployFacts facts{.operation = ViewOf(run)};
  ASSIGN_OR_RETURN(facts.uninstall, child.Look(UninstallRequestId(run.name(), plan), run));
  if (facts.uninstall.state == Child::State::kAbsent) {
    ASSIGN_OR_RETURN(facts.exposures, ExposuresOf(plan));
  }
  return facts;
}

absl::StatusOr<std::vector<Exposure>> UndeployOperation::ExposuresOf(const UndeployPlan& plan) {
  ASSIGN_OR_RETURN(std::vector<Exposure> exposures, parts_.store.List(plan.ns));
  ASSIGN_OR_RETURN(const std::vector<Service> services,
                   parts_.surroundings.Services(plan.ns, Freshness::kConsistent));
  std::set<ServiceName> of_release;
  for (const Service& service : services) {
    if (service.release == plan.release.str()) {
      of_release.insert(service.name);
    }
  }
  std::erase_if(exposures, [&](const Exposure& exposure) {
    const ServiceName* service =
        exposure.spec.ok() ? std::get_if<ServiceName>(&exposure.spec->target()) : nullptr;
    return !BelongsTo(exposure, plan.release) &&
           (service == nullptr || !of_release.contains(*service));
  });
  return exposures;
}

absl::Status UndeployOperation::TakeStep(Run& run, const UndeployPlan& plan,
                                         const UndeployStep& step, ChildFollower& child) {
  if (const auto* remove = std::get_if<RemoveExposures>(&step)) {
    run.Phase("REMOVING_EXPOSURES", "exposures of release " + plan.release.str());
    return Remove(run, plan, *remove);
  }
  const std::string request_id = UninstallRequestId(run.name(), plan);
  if (std::holds_alternative<CancelUninstall>(step)) {
    return child.Cancel("UninstallRelease", request_id);
  }
  if (std::holds_alternative<RenewUninstall>(step)) {
    UndeployPlan next = plan;
    ++next.attempt;
    return run.SavePlan(ToJson(next, run.name()));
  }
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(run.remaining());
  return parts_.releases.Uninstall({.release = {plan.ns, plan.release},
                                    .request_id = request_id,
                                    .parent = run.name(),
                                    .timeout = std::max(left, std::chrono::seconds(1))},
                                   /*expected_revision=*/0);
}

absl::Status UndeployOperation::Remove(Run& run, UndeployPlan plan, const RemoveExposures& step) {
  for (const Exposure& exposure : step.exposures) {
    NoteRemoved(plan.removed, exposure.key.name.str());
  }
  RETURN_IF_ERROR(run.SavePlan(ToJson(plan, run.name())));
  for (const Exposure& exposure : step.exposures) {
    const absl::Status deleted = parts_.store.Delete(exposure);
    if (!deleted.ok() && !absl::IsNotFound(deleted) && !absl::IsAborted(deleted)) {
      return deleted;
    }
  }
  return absl::OkStatus();
}

}  // namespace berth::gateway
