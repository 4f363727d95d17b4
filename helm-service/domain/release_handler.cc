#include "helm-service/domain/release_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <any>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/action_secrets.h"
#include "helm-service/domain/failure.h"
#include "helm-service/domain/helm_output.h"
#include "helm-service/domain/overloaded.h"
#include "helm-service/domain/retry.h"
#include "helm-service/domain/take_back.h"

namespace berth::helm {
namespace {

using absl::StatusCode;
using operation::Done;
using operation::Failed;
using operation::Progress;
using operation::Run;
using operation::Wait;
using std::chrono::seconds;

// Helm gives up waiting so much before the deadline: it knows best what was not ready.
constexpr seconds kReportMargin{2};

struct Phase {
  std::string_view name;
  std::string message;
};

Phase WorkingPhase(const Action& action) {
  const std::string& name = action.release.name.value();
  return std::visit(
      Overloaded{
          [&](const Install&) {
            return Phase{"INSTALLING", fmt::format("Helm installs {}", name)};
          },
          [&](const Upgrade&) {
            return Phase{"UPGRADING", fmt::format("Helm upgrades {}", name)};
          },
          [&](const Rollback& rollback) {
            return Phase{"ROLLING_BACK",
                         fmt::format("Helm rolls {} back to revision {}", name, rollback.revision)};
          },
          [&](const Uninstall&) {
            return Phase{"UNINSTALLING", fmt::format("Helm uninstalls {}", name)};
          },
          [&](const Test&) {
            return Phase{"TESTING", fmt::format("Helm tests {}", name)};
          },
      },
      action.what);
}

// A failure of the Kubernetes API that may pass is waited out; the deadline ends that.
Progress RetryOrFail(const Run& run, const absl::Status& error) {
  if (IsPassing(error) && run.remaining().count() > 0) return Wait{kRetry};
  return Failed{error};
}

absl::Status Stopped(const Run& run) {
  if (run.cancel_requested()) {
    return Error(StatusCode::kCancelled, Reason::ERROR_REASON_CANCELLED,
                 "the operation was cancelled");
  }
  return Error(StatusCode::kDeadlineExceeded, Reason::ERROR_REASON_OPERATION_TIMEOUT,
               "the operation did not end within its timeout");
}

absl::Status Interrupted(std::string_view text, std::string_view effect) {
  return Error(StatusCode::kAborted, Reason::ERROR_REASON_INTERRUPTED, text)
      .WithMetadata("effect", effect);
}

kube::Time Now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

bool Succeeded(const absl::StatusOr<HelmExit>& exit) { return exit.ok() && exit->code == 0; }

int RevisionOf(const std::optional<RevisionInfo>& info) {
  return info.has_value() ? info->revision : 0;
}

// Bound on each wait of Helm's.
seconds WaitTimeout(const Action& action, std::chrono::milliseconds remaining) {
  const seconds left = std::max(std::chrono::floor<seconds>(remaining) - kReportMargin, seconds(1));
  return std::min(action.step_timeout.value_or(left), left);
}

std::optional<RevisionInfo> BeforeOf(const ReleasePlan& plan) {
  if (plan.revision_before == 0) return std::nullopt;
  return RevisionInfo{.revision = plan.revision_before};
}

// Whether a failure of the action is to be taken back.
bool TakesBack(const Action& action) {
  const ApplyOptions* apply = ApplyOptionsOf(action);
  return apply != nullptr && apply->rollback_on_failure;
}

// Whether Helm leaves no locked release when it is asked to stop.
bool CanBeStopped(const Action& action) { return ReadsChart(action) || IsTest(action); }

// Whether it also ends at once then.
bool EndsAtOnce(const Action& action) { return CanBeStopped(action) && !TakesBack(action); }

// The same error, naming the revision if the operation made it.
absl::Status WithRevision(const absl::Status& error, const ReleasePlan& plan,
                          const std::optional<RevisionInfo>& after) {
  if (RevisionOf(after) <= plan.revision_before) return error;
  return WithMetadata(error, "revision", std::to_string(after->revision));
}

absl::Status UndoIncomplete(const absl::Status& cause, std::string_view why) {
  return Error(cause.code(), Reason::ERROR_REASON_UNDO_INCOMPLETE,
               fmt::format("{}; it could not be taken back: {}", std::string(cause.message()), why))
      .WithMetadata("cause", ReasonName(ReasonOf(cause)));
}

absl::StatusOr<ReleaseKey> KeyOf(const operation::Spec& spec) {
  ASSIGN_OR_RETURN(NamespaceName ns, NamespaceName::Parse(spec.target_namespace));
  ASSIGN_OR_RETURN(ReleaseName name, ReleaseName::Parse(spec.target_name));
  return ReleaseKey{std::move(ns), std::move(name)};
}

}  // namespace

// What this replica keeps about an operation between calls.
struct ReleaseHandler::Attempt {
  std::optional<Action> action;
  // Until Helm can have it.
  std::unique_ptr<ChartPreparer::Preparation> chart;
  std::unique_ptr<ProcessSlots::Ticket> ticket;
  std::unique_ptr<StoppableRuns::Member> stoppable;
  // As recorded.
  ReleasePlan plan;
  // The newest revision when `action` was decided upon; 0 for none.
  int newest_before = 0;
  // When tests had been started before this operation.
  TestStarts test_starts;
  bool begun = false;
  // An uninstall that Helm has begun can only be finished: cancelling it would leave a wreck.
  bool only_forward = false;
  bool stop_considered = false;
  // Why Helm was asked to stop, if it was.
  absl::Status stopped;
  // Why `action` takes back what the operation did, if it does.
  absl::Status taken_back_for;
  std::shared_ptr<HelmOutput> output;
  std::unique_ptr<Observation> observation;
  // Last: destroyed first, so that Helm is dead before its slot is given to another.
  std::unique_ptr<HelmRunner::Process> helm;

  bool MustStop(const Run& run) const {
    const bool cancelled = run.cancel_requested() && !only_forward && !run.undo().has_value();
    return run.remaining().count() == 0 || cancelled;
  }

  bool MustLeave(const StoppableRuns& runs) const {
    return stoppable != nullptr && runs.stopping();
  }
};

ReleaseHandler::ReleaseHandler(ActionCodec codec, Dependencies dependencies, Options options)
    : codec_(std::move(codec)), dependencies_(dependencies), options_(options) {}

Progress ReleaseHandler::Advance(Run& run) {
  if (!run.state().has_value()) run.state() = std::make_shared<Attempt>();
  Attempt& attempt = *std::any_cast<const std::shared_ptr<Attempt>&>(run.state());
  if (attempt.helm != nullptr) return Follow(run, attempt);
  if (run.recovered() && run.effects_begun() && !attempt.begun) return Recover(run, attempt);
  return attempt.begun ? Launch(run, attempt) : Begin(run, attempt);
}

Progress ReleaseHandler::Begin(Run& run, Attempt& attempt) const {
  if (attempt.MustStop(run)) return Failed{Stopped(run)};
  if (!attempt.action.has_value()) {
    const auto input = run.input();
    if (input == nullptr) {
      return Failed{Interrupted("the replica that ran the operation died before it began", "none")};
    }
    absl::StatusOr<Action> action = codec_.parse(*input);
    if (!action.ok()) return Failed{action.status()};
    attempt.action = *std::move(action);
    if (ReadsChart(*attempt.action)) attempt.chart = PrepareChart(run, *attempt.action);
  }
  if (attempt.chart != nullptr) {
    std::optional<absl::StatusOr<ChartArchive>> ready = attempt.chart->Take();
    if (!ready.has_value()) return Wait{};
    attempt.chart.reset();
    if (!ready->ok()) return Failed{ready->status()};
    *ChartOf(*attempt.action) = **std::move(ready);
  }
  if (attempt.ticket == nullptr) {
    JoinLine(run, attempt);
  }
  if (!attempt.ticket->granted()) {
    run.Phase("WAITING_FOR_HELM", "As many Helm processes as are allowed are running");
    return Wait{};
  }
  absl::StatusOr<std::optional<RevisionInfo>> before =
      dependencies_.releases.Newest(attempt.action->release);
  if (!before.ok()) return RetryOrFail(run, before.status());
  if (absl::Status status = CheckPreconditions(*attempt.action, *before); !status.ok()) {
    return Failed{status};
  }
  if (HasNothingToUninstall(*attempt.action, *before)) {
    return Done{codec_.result({})};
  }
  if (IsTest(*attempt.action)) {
    absl::Status prepared = PrepareTests(attempt, (*before)->revision);
    if (!prepared.ok()) return RetryOrFail(run, prepared);
  }
  attempt.plan = ReleasePlan::Of(*attempt.action, *before);
  attempt.newest_before = RevisionOf(*before);
  if (absl::Status status = run.BeginEffects(attempt.plan.ToJson()); !status.ok()) {
    return Wait{kRetry};
  }
  attempt.begun = true;
  return Launch(run, attempt);
}

std::unique_ptr<ChartPreparer::Preparation> ReleaseHandler::PrepareChart(Run& run,
                                                                         Action& action) const {
  Chart& chart = *ChartOf(action);
  if (ArchiveOf(action) == nullptr) {
    run.Phase("FETCHING_CHART", fmt::format("Berth fetches {}", DescribeSource(chart)));
  }
  return dependencies_.charts.Start(
      {.chart = std::move(chart), .values = ValuesToCheck(action), .deadline = run.deadline()},
      [reporter = run.reporter()] { reporter->Wake(); });
}

void ReleaseHandler::GoOnWith(Run& run, Attempt& attempt, Action action, int newest) const {
  attempt.newest_before = newest;
  attempt.helm.reset();
  attempt.action = std::move(action);
  attempt.begun = true;
  JoinLine(run, attempt);
}

void ReleaseHandler::JoinLine(Run& run, Attempt& attempt) const {
  attempt.ticket = dependencies_.slots.Enter(run.spec().target_namespace,
                                             [reporter = run.reporter()] { reporter->Wake(); });
}

Progress ReleaseHandler::Launch(Run& run, Attempt& attempt) const {
  if (attempt.MustStop(run)) return GiveUp(run, attempt);
  const bool leaving = dependencies_.stoppable.stopping();
  if (leaving || !attempt.ticket->granted() || !dependencies_.lease.FreshEnoughToSpawn()) {
    return Wait{kRetry};
  }
  const Action& action = *attempt.action;
  const absl::StatusOr<std::shared_ptr<Redactor>> redactor =
      MakeRedactor(action, dependencies_.reader);
  if (!redactor.ok()) return WaitOrFail(redactor.status());
  const Phase phase = WorkingPhase(action);
  run.Phase(phase.name, phase.message);
  attempt.output = std::make_shared<HelmOutput>(run.reporter(), *redactor, action);
  attempt.observation = dependencies_.observer.Observe(
      ObservedAction::Of(action, attempt.newest_before, Now()), run.reporter(), *redactor);
  if (EndsAtOnce(action)) {
    attempt.stoppable =
        dependencies_.stoppable.Join([reporter = run.reporter()] { reporter->Wake(); });
  }
  const HelmRunner::Task task{
      .wait_timeout = WaitTimeout(action, run.remaining()),
      .kill_after = run.remaining() + options_.kill_margin +
                    (TakesBack(action) ? undo_allowance() : seconds(0)),
  };
  absl::StatusOr<std::unique_ptr<HelmRunner::Process>> process = dependencies_.helm.Start(
      action, task,
      {.on_line = [output = attempt.output](
                      HelmStream stream, const std::string& line) { output->OnLine(stream, line); },
       .on_exit = [output = attempt.output](
                      absl::StatusOr<HelmExit> exit) { output->OnExit(std::move(exit)); }});
  if (!process.ok()) return Failed{process.status()};
  attempt.helm = *std::move(process);
  return Wait{};
}

Progress ReleaseHandler::GiveUp(Run& run, Attempt& attempt) const {
  const ReleaseKey& release = attempt.action->release;
  const absl::StatusOr<std::optional<RevisionInfo>> now = dependencies_.releases.Newest(release);
  if (!now.ok()) return WaitOrFail(now.status());
  if (absl::Status status = Unlock(*attempt.action, attempt.plan, *now); !status.ok()) {
    return WaitOrFail(status);
  }
  const absl::Status error = attempt.taken_back_for.ok()
                                 ? Stopped(run)
                                 : UndoIncomplete(attempt.taken_back_for, "its time was up");
  return Failed{WithRevision(error, attempt.plan, *now)};
}

Progress ReleaseHandler::Follow(Run& run, Attempt& attempt) const {
  const std::optional<absl::StatusOr<HelmExit>> exit = attempt.output->exit();
  if (exit.has_value()) {
    if (!attempt.observation->Finish(Succeeded(*exit))) return Wait{kRetry};
    return Conclude(run, attempt, *exit);
  }
  if (run.undo().has_value()) {
    if (run.remaining().count() == 0) attempt.helm->Kill();
    return Wait{};
  }
  const bool must_stop = attempt.MustStop(run) || attempt.MustLeave(dependencies_.stoppable);
  if (!must_stop || attempt.stop_considered) return Wait{};
  return Stop(run, attempt);
}

Progress ReleaseHandler::Stop(Run& run, Attempt& attempt) const {
  if (TakesBack(*attempt.action)) return StopAndTakeBack(run, attempt);
  attempt.stop_considered = true;
  if (!CanBeStopped(*attempt.action)) {
    run.Phase("FINISHING", "Helm cannot be stopped here without leaving the release locked");
    return Wait{};
  }
  attempt.stopped = attempt.MustStop(run)
                        ? Stopped(run)
                        : Interrupted("this replica was stopped while Helm worked", "revision");
  run.Phase("STOPPING", "Helm is asked to stop");
  attempt.helm->Terminate();
  return Wait{};
}

Progress ReleaseHandler::StopAndTakeBack(Run& run, Attempt& attempt) const {
  const absl::StatusOr<std::optional<RevisionInfo>> now =
      dependencies_.releases.Newest(attempt.action->release);
  if (!now.ok()) return Wait{kRetry};
  const absl::Status why = Stopped(run);
  if (!run.BeginUndo(why).ok()) return Wait{kRetry};
  run.Phase("TAKING_BACK", "Helm takes back what it did");
  // Helm that takes back already does so for a reason that it knows better, and some versions
  // would begin once more.
  const bool takes_back_already =
      RevisionOf(*now) > attempt.plan.revision_before && !IsPending((*now)->status);
  if (takes_back_already || RevisionOf(*now) > attempt.plan.revision_before + 1) return Wait{};
  attempt.stopped = why;
  attempt.helm->Terminate();
  return Wait{};
}

Progress ReleaseHandler::Conclude(Run& run, Attempt& attempt,
                                  const absl::StatusOr<HelmExit>& exit) const {
  attempt.ticket.reset();
  if (absl::IsCancelled(exit.status())) return Wait{};  // another replica goes on
  if (!exit.ok()) return Failed{exit.status()};
  const Action& action = *attempt.action;
  if (exit->code == 0 && attempt.taken_back_for.ok()) {
    if (IsUninstall(action)) return Removed(action.release);
    std::optional<Release> made = FindMade(attempt);
    if (made.has_value()) return Done{codec_.result({.release = std::move(made)})};
  }
  const absl::StatusOr<std::optional<RevisionInfo>> after =
      dependencies_.releases.Newest(action.release);
  if (!after.ok()) return WaitOrFail(after.status());
  if (exit->code != 0) return ConcludeFailure(run, attempt, *exit, *after);
  if (!attempt.taken_back_for.ok()) {
    return Failed{WithRevision(attempt.taken_back_for, attempt.plan, *after)};
  }
  if (!after->has_value()) {
    return Failed{Error(StatusCode::kAborted, Reason::ERROR_REASON_RELEASE_LOCKED,
                        "the release was removed by somebody else right after Helm had ended")};
  }
  if (IsTest(action)) return ConcludeTests(attempt, (*after)->revision, absl::OkStatus());
  return Succeed(action.release, (*after)->revision);
}

std::optional<Release> ReleaseHandler::FindMade(const Attempt& attempt) const {
  if (IsTest(*attempt.action)) return std::nullopt;
  absl::StatusOr<Release> made =
      dependencies_.releases.Read(attempt.action->release, attempt.newest_before + 1);
  // Any other state is somebody else's doing, or of somebody else's revision.
  if (!made.ok() || made->newest.status != ReleaseStatus::kDeployed) return std::nullopt;
  return *std::move(made);
}

Progress ReleaseHandler::ConcludeFailure(Run& run, Attempt& attempt, HelmExit exit,
                                         const std::optional<RevisionInfo>& after) const {
  const Action& action = *attempt.action;
  if (IsUninstall(action) && exit.signal.has_value() && !attempt.MustStop(run)) {
    // Killed half-way by somebody: going on is the only way to an end that Helm understands.
    attempt.only_forward = true;
    GoOnWith(run, attempt, action, RevisionOf(after));
    return Wait{kRetry};
  }
  if (absl::Status status = Unlock(action, attempt.plan, after); !status.ok()) {
    return WaitOrFail(status);
  }
  const FailedHelm failed{.exit = exit,
                          .error_lines = attempt.output->messages(),
                          .before = BeforeOf(attempt.plan),
                          .after = after};
  const std::vector<UnreadyObject> unready = attempt.observation->unready();
  const absl::Status explained = NameUnready(ExplainFailure(action, failed), unready);
  if (!attempt.taken_back_for.ok()) {
    return Failed{
        WithRevision(UndoIncomplete(attempt.taken_back_for, std::string(explained.message())),
                     attempt.plan, after)};
  }
  if (attempt.stop_considered && exit.signal.has_value() && attempt.stopped.ok()) {
    attempt.stopped = Stopped(run);
  }
  const absl::Status error =
      attempt.stopped.ok() ? explained : NameUnready(attempt.stopped, unready);
  if (IsTest(action) && attempt.stopped.ok() && exit.code.has_value() && after.has_value()) {
    return ConcludeTests(attempt, after->revision, explained);
  }
  if (!TakesBack(action)) return Failed{WithRevision(error, attempt.plan, after)};
  GaveUp gave_up;
  if (exit.code.has_value()) {
    gave_up = attempt.stopped.ok() ? "Helm failed to" : std::string(explained.message());
  }
  return TakeBackWhatIsLeft(run, attempt, action.release, error, gave_up);
}

Progress ReleaseHandler::TakeBackWhatIsLeft(Run& run, Attempt& attempt, const ReleaseKey& release,
                                            const absl::Status& cause, GaveUp gave_up) const {
  const absl::StatusOr<std::vector<RevisionInfo>> revisions =
      dependencies_.releases.Revisions(release);
  if (!revisions.ok()) return WaitOrFail(revisions.status());
  TakeBack how = HowToTakeBack(release, attempt.plan, *revisions);
  const auto failed = [&](const absl::Status& error) {
    return Failed{WithRevision(error, attempt.plan, NewestOf(*revisions))};
  };
  if (how.done) return failed(cause);
  if (!how.action.has_value()) {
    return failed(UndoIncomplete(cause, "no revision before it was ever deployed"));
  }
  if (gave_up.has_value()) return failed(UndoIncomplete(cause, *gave_up));
  const bool time_is_up = run.undo().has_value() && run.remaining().count() == 0;
  if (time_is_up) return failed(UndoIncomplete(cause, "its time was up"));
  if (!run.BeginUndo(cause).ok()) return Wait{kRetry};
  attempt.taken_back_for = cause;
  GoOnWith(run, attempt, *std::move(how.action), RevisionOf(NewestOf(*revisions)));
  return Launch(run, attempt);
}

Progress ReleaseHandler::Recover(Run& run, Attempt& attempt) const {
  const absl::StatusOr<ReleaseKey> key = KeyOf(run.spec());
  if (!key.ok()) return Failed{key.status()};
  const absl::StatusOr<std::optional<RevisionInfo>> after = dependencies_.releases.Newest(*key);
  if (!after.ok()) return WaitOrFail(after.status());
  attempt.plan = ReleasePlan::FromJson(run.plan());
  if (attempt.plan.test) {
    return Failed{Interrupted("the replica that ran the tests died: run them again", "tests")};
  }
  if (!attempt.plan.uninstall.has_value()) return RecoverChange(run, attempt, *key, *after);
  const Action uninstall{.release = *key,
                         .what = *attempt.plan.uninstall,
                         .wait = attempt.plan.wait,
                         .step_timeout = attempt.plan.step_timeout};
  if (HasNothingToUninstall(uninstall, *after)) {
    return Removed(*key);
  }
  attempt.only_forward = true;
  GoOnWith(run, attempt, uninstall, RevisionOf(*after));
  return Wait{kRetry};
}

Progress ReleaseHandler::RecoverChange(Run& run, Attempt& attempt, const ReleaseKey& key,
                                       const std::optional<RevisionInfo>& after) const {
  const ReleasePlan& plan = attempt.plan;
  if (RevisionOf(after) <= plan.revision_before) {
    return Failed{
        run.undo().has_value()
            ? run.undo()->cause
            : Interrupted("the replica that ran Helm died, and no new revision is there", "none")};
  }
  const Action change{.release = key, .what = Rollback{}};
  if (absl::Status status = Unlock(change, plan, after); !status.ok()) return WaitOrFail(status);
  const bool was_rolled_back =
      plan.rollback_on_failure && after->revision > plan.revision_before + 1;
  if (after->status == ReleaseStatus::kDeployed && !was_rolled_back) {
    return Succeed(key, after->revision);
  }
  if (plan.rollback_on_failure) {
    const absl::Status cause = run.undo().has_value()
                                   ? run.undo()->cause
                                   : Interrupted("the replica that ran Helm died", "revision");
    return TakeBackWhatIsLeft(run, attempt, key, cause, std::nullopt);
  }
  return Failed{WithRevision(
      Interrupted(fmt::format("the replica that ran Helm died; revision {} of {}/{} is marked as "
                              "failed: upgrade it or roll it back",
                              after->revision, key.ns.value(), key.name.value()),
                  "revision"),
      plan, after)};
}

Progress ReleaseHandler::Removed(const ReleaseKey& key) const {
  Release removed{.key = key};
  // The outcome counts more than the token.
  const absl::StatusOr<ConsistencyToken> token = dependencies_.releases.TokenOf(key);
  if (token.ok()) removed.token = *token;
  return Done{codec_.result({.release = removed})};
}

Progress ReleaseHandler::Succeed(const ReleaseKey& key, int revision) const {
  const absl::StatusOr<Release> release = dependencies_.releases.Read(key, revision);
  if (release.ok()) return Done{codec_.result({.release = *release})};
  return WaitOrFail(release.status());
}

absl::Status ReleaseHandler::PrepareTests(Attempt& attempt, int revision) const {
  ASSIGN_OR_RETURN(const ReleaseContent content,
                   dependencies_.releases.ReadContent(attempt.action->release, revision));
  attempt.test_starts = StartsOf(content);
  return CheckTests(std::get<Test>(attempt.action->what), content);
}

Progress ReleaseHandler::ConcludeTests(Attempt& attempt, int revision,
                                       const absl::Status& failure) const {
  const absl::StatusOr<ReleaseContent> content =
      dependencies_.releases.ReadContent(attempt.action->release, revision);
  if (!content.ok()) return WaitOrFail(content.status());
  std::vector<TestOutcome> outcomes =
      OutcomesOf(std::get<Test>(attempt.action->what), *content, attempt.test_starts);
  const bool one_failed = std::any_of(outcomes.begin(), outcomes.end(), [](const auto& outcome) {
    return outcome.phase == "Failed";
  });
  if (!failure.ok() && !one_failed) return Failed{failure};
  if (!failure.ok()) return Failed{TestsFailed(std::string(failure.message()), outcomes)};
  return Done{codec_.result({.release = std::nullopt, .tests = std::move(outcomes)})};
}

absl::Status ReleaseHandler::Unlock(const Action& action, const ReleasePlan& plan,
                                    const std::optional<RevisionInfo>& now) const {
  // A revision that was pending before is somebody else's.
  const bool left_pending = RevisionOf(now) > plan.revision_before && IsPending(now->status);
  const bool left_uninstalling =
      IsUninstall(action) && now.has_value() && now->status == ReleaseStatus::kUninstalling;
  if (!left_pending && !left_uninstalling) return absl::OkStatus();
  return dependencies_.releases.MarkFailed(action.release, now->revision,
                                           "Helm was killed before it ended (marked by Berth)");
}

}  // namespace berth::helm
