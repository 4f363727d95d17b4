#include "gateway/transport/deploy_operation.h"

#include <any>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "gateway/domain/exposure_state.h"
#include "gateway/domain/target.h"
#include "gateway/transport/exposure_proto.h"
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

/// Watches wake the operation; this is for one that lags.
constexpr std::chrono::seconds kLookAgain{5};
/// Results are stored, and a record holds 5 KiB of them.
constexpr std::size_t kMaxNotes = 1024;

ReleaseKey ReleaseOf(const DeployPlan& plan) { return {plan.exposure.key.ns, plan.release}; }

ChildCall CallOf(const Run& run, const DeployPlan& plan, std::string request_id) {
  const auto left = std::chrono::duration_cast<std::chrono::seconds>(run.remaining());
  return {.release = ReleaseOf(plan),
          .request_id = std::move(request_id),
          .parent = run.name(),
          .timeout = std::max(left, std::chrono::seconds(1))};
}

Progress LookAgain(const absl::Status& done) {
  return done.ok() ? Wait{std::chrono::milliseconds(0)} : TryAgain();
}

/// At a boundary between UTF-8 characters.
void CutNotes(std::string& notes) {
  if (notes.size() <= kMaxNotes) {
    return;
  }
  std::size_t end = kMaxNotes;
  while (end > 0 && (static_cast<unsigned char>(notes[end]) & 0xC0) == 0x80) {
    --end;
  }
  notes.resize(end);
}

}  // namespace

Progress DeployOperation::Advance(Run& run) {
  if (const std::optional<Progress> early = BeginOnce(run, [&] { return Begin(run); })) {
    return *early;
  }
  const absl::StatusOr<DeployPlan> plan = DeployPlanFromJson(run.plan());
  if (!plan.ok()) {
    return Failed{plan.status()};
  }
  if (!run.state().has_value()) {
    auto followed = std::make_shared<Followed>(parts_.children);
    followed->exposure =
        parts_.events.Follow(plan->exposure.key, [reporter = run.reporter()] { reporter->Wake(); });
    run.state() = std::move(followed);
  }
  Followed& followed = *std::any_cast<std::shared_ptr<Followed>&>(run.state());
  return run.undo().has_value() ? Back(run, *plan, followed) : Forward(run, *plan, followed);
}

absl::Status DeployOperation::Begin(Run& run) {
  ASSIGN_OR_RETURN(DeployWish wish, ParseDeploy(*run.Input<v1::DeployRequest>()));
  RETURN_IF_ERROR(parts_.load_balancing.Check(wish.exposure, wish.spec));
  DeployPlan plan{
      .release = wish.release.name,
      .exposure = {.key = wish.exposure, .spec = wish.spec, .release = wish.release.name}};
  ASSIGN_OR_RETURN(const std::optional<Exposure> found, parts_.store.Get(wish.exposure));
  const ExposeStep step = NextExposeStep(plan.exposure, ViewOf(run), found);
  if (const auto* refused = std::get_if<ExposeFailed>(&step)) {
    return refused->error;
  }
  ASSIGN_OR_RETURN(const std::optional<helm::v1::Release> before,
                   parts_.releases.Find(wish.release));
  plan.revision_before = before.has_value() ? before->revision() : 0;
  return run.BeginEffects(ToJson(plan, run.name()));
}

absl::StatusOr<DeployFacts> DeployOperation::Observe(Run& run, const DeployPlan& plan,
                                                     Followed& followed) {
  DeployFacts facts{.operation = ViewOf(run), .has_input = run.input() != nullptr};
  if (plan.revision_made == 0 || run.undo().has_value()) {
    ASSIGN_OR_RETURN(facts.upgrade, followed.child.Look(UpgradeRequestId(run.name()), run));
  }
  if (plan.revision_made != 0 || run.undo().has_value()) {
    ASSIGN_OR_RETURN(facts.exposure, parts_.store.Get(plan.exposure.key));
  }
  return facts;
}

Progress DeployOperation::Forward(Run& run, const DeployPlan& plan, Followed& followed) {
  const absl::StatusOr<DeployFacts> facts = Observe(run, plan, followed);
  if (!facts.ok()) {
    return MayPass(facts.status()) && !ViewOf(run).out_of_time ? Progress(TryAgain())
                                                               : StartUndo(run, facts.status());
  }
  const DeployStep step = NextDeployStep(plan, *facts);
  if (const auto* undo = std::get_if<BeginUndo>(&step)) {
    return StartUndo(run, undo->cause);
  }
  if (const auto* failed = std::get_if<DeployFailed>(&step)) {
    return Failed{failed->error};
  }
  if (std::holds_alternative<DeployIsDone>(step)) {
    return Finish(plan, *facts->exposure);
  }
  if (std::holds_alternative<AwaitChild>(step)) {
    return Wait{kLookAgain};
  }
  absl::Status done;
  if (std::holds_alternative<SendUpgrade>(step)) {
    done = SendUpgradeOf(run, plan);
  } else if (const auto* record = std::get_if<RecordRevision>(&step)) {
    DeployPlan next = plan;
    next.revision_made = record->revision;
    done = run.SavePlan(ToJson(next, run.name()));
  } else if (const auto* expose = std::get_if<ExposeStep>(&step)) {
    if (std::holds_alternative<AwaitExposure>(*expose)) {
      const ExposurePhase phase = PhaseOf(*facts->exposure);
      run.Phase(phase.name, phase.message);
      return Wait{kLookAgain};
    }
    done = WriteExposure(run, plan, *expose, *facts);
  }
  return done.ok() || MayPass(done) ? LookAgain(done) : StartUndo(run, done);
}

absl::Status DeployOperation::SendUpgradeOf(Run& run, const DeployPlan& plan) {
  const auto request = run.Input<v1::DeployRequest>();
  helm::v1::UpgradeReleaseRequest content;
  *content.mutable_chart() = request->chart();
  *content.mutable_values() = request->values();
  content.set_install(true);
  content.set_create_namespace(request->create_namespace());
  content.set_wait(request->wait());
  content.set_expected_revision(plan.revision_before);
  return parts_.releases.Upgrade(CallOf(run, plan, UpgradeRequestId(run.name())),
                                 std::move(content));
}

absl::Status DeployOperation::WriteExposure(Run& run, const DeployPlan& plan,
                                            const ExposeStep& step, const DeployFacts& facts) {
  if (std::holds_alternative<CreateExposure>(step) ||
      std::holds_alternative<ReplaceExposure>(step)) {
    // The loop would find out too, but a condition cannot carry the candidates.
    ASSIGN_OR_RETURN(const std::vector<Service> services,
                     parts_.surroundings.Services(plan.exposure.key.ns, Freshness::kConsistent));
    RETURN_IF_ERROR(ResolveTarget(plan.exposure.spec, services).status());
  }
  return writer_.Write(step, facts.exposure, run.name(), plan.exposure,
                       [&](const ExposePlan& exposure) {
                         DeployPlan next = plan;
                         next.exposure = exposure;
                         return run.SavePlan(ToJson(next, run.name()));
                       });
}

Progress DeployOperation::Finish(const DeployPlan& plan, const Exposure& exposure) {
  absl::StatusOr<std::optional<helm::v1::Release>> release = parts_.releases.Find(ReleaseOf(plan));
  if (!release.ok()) {
    return TryAgain();
  }
  v1::DeployResult result;
  if (release->has_value()) {
    CutNotes(*(*release)->mutable_notes());
    *result.mutable_release() = **std::move(release);
  }
  *result.mutable_exposure() = ToProto(exposure);
  Done done;
  done.result.PackFrom(result);
  return done;
}

absl::Status DeployOperation::ObserveUndo(Run& run, const DeployPlan& plan, Followed& followed,
                                          DeployFacts& facts) {
  ASSIGN_OR_RETURN(facts, Observe(run, plan, followed));
  const bool upgrade_ended = facts.upgrade.state == Child::State::kSucceeded ||
                             facts.upgrade.state == Child::State::kFailed;
  if (!upgrade_ended) {
    return absl::OkStatus();
  }
  if (plan.back.has_value()) {
    ASSIGN_OR_RETURN(facts.back, followed.child.Look(BackRequestId(run.name(), *plan.back), run));
  }
  ASSIGN_OR_RETURN(const std::optional<helm::v1::Release> release,
                   parts_.releases.Find(ReleaseOf(plan)));
  facts.newest_revision = release.has_value() ? release->revision() : 0;
  return absl::OkStatus();
}

Progress DeployOperation::Back(Run& run, const DeployPlan& plan, Followed& followed) {
  run.Phase("TAKING_BACK", "release and exposure " + plan.exposure.key.ToString());
  DeployFacts facts;
  if (const absl::Status observed = ObserveUndo(run, plan, followed, facts); !observed.ok()) {
    if (!ViewOf(run).out_of_time) {
      return TryAgain();
    }
    return Failed{ErrorAfterUndo(run.undo()->cause,
                                 {"release and exposure " + plan.exposure.key.ToString() +
                                  " may be left behind: " + std::string(observed.message())})};
  }
  const DeployUndoStep step = NextDeployUndoStep(plan, facts);
  if (const auto* back = std::get_if<DeployIsBack>(&step)) {
    return Failed{ErrorAfterUndo(run.undo()->cause, back->leftovers)};
  }
  const auto* expose = std::get_if<ExposeUndoStep>(&step);
  if (std::holds_alternative<AwaitChild>(step) ||
      (expose != nullptr && std::holds_alternative<AwaitRemoval>(*expose))) {
    return Wait{kLookAgain};
  }
  const absl::Status taken = TakeStepBack(run, plan, facts, step, followed);
  if (!taken.ok() && std::holds_alternative<SendBack>(step) && !MayPass(taken)) {
    return Failed{ErrorAfterUndo(run.undo()->cause, {std::string(taken.message())})};
  }
  return LookAgain(taken);
}

absl::Status DeployOperation::TakeStepBack(Run& run, const DeployPlan& plan,
                                           const DeployFacts& facts, const DeployUndoStep& step,
                                           Followed& followed) {
  if (std::holds_alternative<CancelUpgrade>(step)) {
    return followed.child.Cancel("UpgradeRelease", UpgradeRequestId(run.name()));
  }
  if (const auto* expose = std::get_if<ExposeUndoStep>(&step)) {
    return writer_.TakeBack(*expose, *facts.exposure, plan.exposure);
  }
  if (const auto* record = std::get_if<RecordBack>(&step)) {
    DeployPlan next = plan;
    next.back = record->back;
    return run.SavePlan(ToJson(next, run.name()));
  }
  return SendBackOf(run, plan);
}

absl::Status DeployOperation::SendBackOf(Run& run, const DeployPlan& plan) {
  const ChildCall call = CallOf(run, plan, BackRequestId(run.name(), *plan.back));
  switch (plan.back->way) {
    case DeployPlan::Back::Way::kRollback:
      return parts_.releases.Rollback(call, plan.revision_before, plan.back->expected_revision);
    case DeployPlan::Back::Way::kUninstall:
      return parts_.releases.Uninstall(call, plan.back->expected_revision);
  }
  return absl::OkStatus();
}

}  // namespace berth::gateway
