#include "gateway/transport/expose_operation.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "gateway/domain/deploy_steps.h"
#include "gateway/domain/exposure_state.h"
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

/// The loop's changes wake the operation; this is for a watch that lags.
constexpr std::chrono::seconds kLookAgain{5};

Done DoneWith(const Exposure& exposure) {
  v1::ExposeResult result;
  *result.mutable_exposure() = ToProto(exposure);
  Done done;
  done.result.PackFrom(result);
  return done;
}

}  // namespace

Progress ExposeOperation::Advance(Run& run) {
  if (const std::optional<Progress> early = BeginOnce(run, [&] { return Begin(run); })) {
    return *early;
  }
  const absl::StatusOr<ExposePlan> plan = ExposePlanFromJson(run.plan());
  if (!plan.ok()) {
    return Failed{plan.status()};
  }
  if (!run.state().has_value()) {
    run.state() =
        parts_.events.Follow(plan->key, [reporter = run.reporter()] { reporter->Wake(); });
  }
  return run.undo().has_value() ? Back(run, *plan) : Forward(run, *plan);
}

absl::Status ExposeOperation::Begin(Run& run) {
  const auto request = run.Input<v1::ExposeRequest>();
  ASSIGN_OR_RETURN(ExposeWish wish, ParseExpose(*request));
  ASSIGN_OR_RETURN(const std::optional<Exposure> found, parts_.store.Get(wish.key));
  if (!found.has_value() || !found->spec.ok() || *found->spec != wish.spec) {
    ASSIGN_OR_RETURN(const std::vector<Service> services,
                     parts_.surroundings.Services(wish.key.ns, Freshness::kConsistent));
    RETURN_IF_ERROR(ResolveTarget(wish.spec, services).status());
    RETURN_IF_ERROR(parts_.load_balancing.Check(wish.key, wish.spec));
  }
  return run.BeginEffects(ToJson(ExposePlan{.key = wish.key, .spec = wish.spec}));
}

Progress ExposeOperation::Forward(Run& run, const ExposePlan& plan) {
  const absl::StatusOr<std::optional<Exposure>> found = parts_.store.Get(plan.key);
  if (!found.ok()) {
    return MayPass(found.status()) && !ViewOf(run).out_of_time ? Progress(TryAgain())
                                                               : StartUndo(run, found.status());
  }
  const ExposeStep step = NextExposeStep(plan, ViewOf(run), *found);
  if (std::holds_alternative<ExposureIsReady>(step)) {
    return DoneWith(**found);
  }
  if (const auto* failed = std::get_if<ExposeFailed>(&step)) {
    return failed->undo ? StartUndo(run, failed->error) : Failed{failed->error};
  }
  if (std::holds_alternative<AwaitExposure>(step)) {
    const ExposurePhase phase = PhaseOf(**found);
    run.Phase(phase.name, phase.message);
    return Wait{kLookAgain};
  }
  const absl::Status written =
      writer_.Write(step, *found, run.name(), plan,
                    [&](const ExposePlan& next) { return run.SavePlan(ToJson(next)); });
  if (!written.ok()) {
    return MayPass(written) ? Progress(TryAgain()) : StartUndo(run, written);
  }
  return Wait{std::chrono::milliseconds(0)};
}

Progress ExposeOperation::Back(Run& run, const ExposePlan& plan) {
  run.Phase("TAKING_BACK", "exposure " + plan.key.ToString());
  const bool out_of_time = ViewOf(run).out_of_time;
  const std::vector<std::string> leftover = {"exposure " + plan.key.ToString() +
                                             " may be left behind"};
  const absl::StatusOr<std::optional<Exposure>> found = parts_.store.Get(plan.key);
  if (!found.ok()) {
    return out_of_time ? Progress(Failed{ErrorAfterUndo(run.undo()->cause, leftover)}) : TryAgain();
  }
  const ExposeUndoStep step = NextExposeUndoStep(plan, ViewOf(run), *found);
  if (std::holds_alternative<ExposureIsBack>(step)) {
    return Failed{run.undo()->cause};
  }
  if (out_of_time) {
    return Failed{ErrorAfterUndo(run.undo()->cause, leftover)};
  }
  if (std::holds_alternative<AwaitRemoval>(step)) {
    return Wait{kLookAgain};
  }
  const absl::Status written = writer_.TakeBack(step, **found, plan);
  return written.ok() ? Wait{std::chrono::milliseconds(0)} : TryAgain();
}

}  // namespace berth::gateway
