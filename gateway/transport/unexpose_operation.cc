#include "gateway/transport/unexpose_operation.h"

#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "gateway/domain/expose_steps.h"
#include "gateway/domain/exposure_state.h"
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

/// The watch of exposures wakes the operation; this is for one that lags.
constexpr std::chrono::seconds kLookAgain{5};

Progress DoneWith(bool removed) {
  v1::UnexposeResult result;
  result.set_removed(removed);
  Done done;
  done.result.PackFrom(result);
  return done;
}

Progress EndOrTryAgain(const Run& run, const absl::Status& error) {
  return MayPass(error) && !ViewOf(run).out_of_time ? Progress(TryAgain()) : Failed{error};
}

}  // namespace

Progress UnexposeOperation::Advance(Run& run) {
  if (!run.effects_begun()) {
    return Begin(run);
  }
  const absl::StatusOr<UnexposePlan> plan = UnexposePlanFromJson(run.plan());
  if (!plan.ok()) {
    return Failed{plan.status()};
  }
  if (!run.state().has_value()) {
    run.state() =
        parts_.events.Follow(plan->key, [reporter = run.reporter()] { reporter->Wake(); });
  }
  const absl::StatusOr<std::optional<Exposure>> found = parts_.store.Get(plan->key);
  if (!found.ok()) {
    return EndOrTryAgain(run, found.status());
  }
  const UnexposeStep step = NextUnexposeStep(*plan, ViewOf(run), *found);
  if (std::holds_alternative<UnexposeIsDone>(step)) {
    return DoneWith(true);
  }
  if (const auto* failed = std::get_if<UnexposeFailed>(&step)) {
    return Failed{failed->error};
  }
  if (std::holds_alternative<AwaitGone>(step)) {
    const ExposurePhase phase = PhaseOf(**found);
    run.Phase(phase.name, phase.message);
    return Wait{kLookAgain};
  }
  const absl::Status deleted = parts_.store.Delete(**found);
  if (deleted.ok() || absl::IsNotFound(deleted) || absl::IsAborted(deleted)) {
    return Wait{std::chrono::milliseconds(0)};
  }
  return EndOrTryAgain(run, deleted);
}

Progress UnexposeOperation::Begin(Run& run) {
  if (run.cancel_requested()) {
    return Failed{CancelledError("its turn")};
  }
  const absl::StatusOr<UnexposeWish> wish = ParseUnexpose(*run.Input<v1::UnexposeRequest>());
  if (!wish.ok()) {
    return Failed{wish.status()};
  }
  const absl::StatusOr<std::optional<Exposure>> found = parts_.store.Get(wish->key);
  if (!found.ok()) {
    return EndOrTryAgain(run, found.status());
  }
  if (!found->has_value() || (!wish->uid.empty() && (*found)->uid != wish->uid)) {
    if (wish->allow_missing) {
      return DoneWith(false);
    }
    return Failed{Error(
        absl::StatusCode::kNotFound, Reason::ERROR_REASON_EXPOSURE_NOT_FOUND,
        "no exposure " + wish->key.ToString() + (wish->uid.empty() ? "" : " of uid " + wish->uid))};
  }
  const absl::Status begun = run.BeginEffects(ToJson(UnexposePlan{wish->key, (*found)->uid}));
  return begun.ok() ? Wait{std::chrono::milliseconds(0)} : TryAgain();
}

}  // namespace berth::gateway
