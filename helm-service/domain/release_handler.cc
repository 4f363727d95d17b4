#include "helm-service/domain/release_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <any>
#include <string>
#include <utility>
#include <variant>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/failure.h"
#include "helm-service/domain/helm_output.h"
#include "helm-service/domain/overloaded.h"

namespace berth::helm {
namespace {

using absl::StatusCode;
using operation::Done;
using operation::Failed;
using operation::Progress;
using operation::Run;
using operation::Wait;
using std::chrono::seconds;

constexpr seconds kRetry{1};

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
      },
      action.what);
}

bool IsPassing(const absl::Status& status) {
  return status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kDeadlineExceeded;
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

std::shared_ptr<Redactor> MakeRedactor(const Action& action) {
  const nlohmann::json* values = ValuesOf(action);
  return std::make_shared<Redactor>(
      values == nullptr ? nlohmann::json::object() : *values,
      std::vector<std::string>{action.release.ns.value(), action.release.name.value()});
}

int RevisionOf(const std::optional<RevisionInfo>& info) {
  return info.has_value() ? info->revision : 0;
}

// What a takeover needs to know; no secrets.
nlohmann::json PlanOf(const Action& action, const std::optional<RevisionInfo>& before) {
  return {{"uninstall", IsUninstall(action)},
          {"revisionBefore", RevisionOf(before)},
          {"wait", action.wait}};
}

std::optional<RevisionInfo> BeforeFromPlan(const nlohmann::json& plan) {
  const int revision = plan.value("revisionBefore", 0);
  if (revision == 0) return std::nullopt;
  return RevisionInfo{.revision = revision};
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
  std::optional<RevisionInfo> before;
  bool begun = false;
  bool stop_reported = false;
  // An uninstall that Helm has begun can only be finished: cancelling it would leave a wreck.
  bool only_forward = false;
  std::shared_ptr<HelmOutput> output;
  std::unique_ptr<Observation> observation;
  // Last: destroyed first, so that Helm is dead before its slot is given to another.
  std::unique_ptr<HelmRunner::Process> helm;

  bool MustStop(const Run& run) const {
    return run.remaining().count() == 0 || (run.cancel_requested() && !only_forward);
  }
};

ReleaseHandler::ReleaseHandler(ActionCodec codec, Dependencies dependencies)
    : codec_(std::move(codec)), dependencies_(dependencies) {}

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
  if (IsUninstall(*attempt.action) && !before->has_value()) {
    return Done{codec_.result(std::nullopt)};
  }
  attempt.before = *before;
  if (absl::Status status = run.BeginEffects(PlanOf(*attempt.action, *before)); !status.ok()) {
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
      {.chart = std::move(chart), .values = *ValuesOf(action), .deadline = run.deadline()},
      [reporter = run.reporter()] { reporter->Wake(); });
}

void ReleaseHandler::JoinLine(Run& run, Attempt& attempt) const {
  attempt.ticket = dependencies_.slots.Enter(run.spec().target_namespace,
                                             [reporter = run.reporter()] { reporter->Wake(); });
}

Progress ReleaseHandler::Launch(Run& run, Attempt& attempt) const {
  if (attempt.MustStop(run)) return Failed{Stopped(run)};
  if (!attempt.ticket->granted() || !dependencies_.lease.FreshEnoughToSpawn()) return Wait{kRetry};
  const Action& action = *attempt.action;
  const Phase phase = WorkingPhase(action);
  run.Phase(phase.name, phase.message);
  const std::shared_ptr<Redactor> redactor = MakeRedactor(action);
  attempt.output = std::make_shared<HelmOutput>(run.reporter(), redactor, action);
  attempt.observation = dependencies_.observer.Observe(
      ObservedAction::Of(action, RevisionOf(attempt.before), Now()), run.reporter(), redactor);
  const HelmRunner::Task task{
      .wait_timeout =
          std::max(std::chrono::floor<seconds>(run.remaining()) - kReportMargin, seconds(1)),
      .kill_after = run.remaining() + kKillMargin,
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

Progress ReleaseHandler::Follow(Run& run, Attempt& attempt) const {
  const std::optional<absl::StatusOr<HelmExit>> exit = attempt.output->exit();
  if (exit.has_value()) {
    if (!attempt.observation->Finish(Succeeded(*exit))) return Wait{kRetry};
    return Conclude(run, attempt, *exit);
  }
  if (!attempt.MustStop(run) || attempt.stop_reported) return Wait{};
  attempt.stop_reported = true;
  if (ReadsChart(*attempt.action)) {
    run.Phase("STOPPING", "Helm is asked to stop");
    attempt.helm->Terminate();
  } else {
    run.Phase("FINISHING", "Helm cannot be stopped here without leaving the release locked");
  }
  return Wait{};
}

Progress ReleaseHandler::Conclude(Run& run, Attempt& attempt,
                                  const absl::StatusOr<HelmExit>& exit) const {
  attempt.ticket.reset();
  if (absl::IsCancelled(exit.status())) return Wait{};  // another replica goes on
  if (!exit.ok()) return Failed{exit.status()};
  const Action& action = *attempt.action;
  const absl::StatusOr<std::optional<RevisionInfo>> after =
      dependencies_.releases.Newest(action.release);
  if (!after.ok())
    return IsPassing(after.status()) ? Progress(Wait{kRetry}) : Failed{after.status()};
  if (exit->code != 0) return ConcludeFailure(run, attempt, *exit, *after);
  if (IsUninstall(action)) {
    return Removed(action.release);
  }
  if (!after->has_value()) {
    return Failed{Error(StatusCode::kAborted, Reason::ERROR_REASON_RELEASE_LOCKED,
                        "the release was removed by somebody else right after Helm had ended")};
  }
  return Succeed(action, (*after)->revision);
}

Progress ReleaseHandler::ConcludeFailure(Run& run, Attempt& attempt, HelmExit exit,
                                         const std::optional<RevisionInfo>& after) const {
  const Action& action = *attempt.action;
  if (absl::Status status = Unlock(action.release, attempt.before, after); !status.ok()) {
    return IsPassing(status) ? Progress(Wait{kRetry}) : Failed{status};
  }
  if (IsUninstall(action) && exit.signal.has_value() && !attempt.MustStop(run)) {
    // Killed half-way by somebody: going on is the only way to an end that Helm understands.
    attempt.helm.reset();
    attempt.only_forward = true;
    JoinLine(run, attempt);
    return Wait{kRetry};
  }
  const FailedHelm failed{.exit = exit,
                          .error_lines = attempt.output->messages(),
                          .before = attempt.before,
                          .after = after};
  absl::Status error =
      NameUnready(attempt.stop_reported ? Stopped(run) : ExplainFailure(action, failed),
                  attempt.observation->unready());
  if (RevisionOf(after) > RevisionOf(attempt.before)) {
    error = WithMetadata(error, "revision", std::to_string(after->revision));
  }
  return Failed{error};
}

Progress ReleaseHandler::Recover(Run& run, Attempt& attempt) const {
  const absl::StatusOr<ReleaseKey> key = KeyOf(run.spec());
  if (!key.ok()) return Failed{key.status()};
  const absl::StatusOr<std::optional<RevisionInfo>> after = dependencies_.releases.Newest(*key);
  if (!after.ok())
    return IsPassing(after.status()) ? Progress(Wait{kRetry}) : Failed{after.status()};
  const std::optional<RevisionInfo> before = BeforeFromPlan(run.plan());
  if (run.plan().value("uninstall", false)) {
    if (!after->has_value()) return Removed(*key);
    attempt.action = Action{.release = *key,
                            .what = Uninstall{.allow_missing = true},
                            .wait = run.plan().value("wait", false)};
    attempt.before = before;
    attempt.begun = true;
    attempt.only_forward = true;
    JoinLine(run, attempt);
    return Wait{kRetry};
  }
  if (RevisionOf(*after) <= RevisionOf(before)) {
    return Failed{Interrupted(
        "the replica that ran Helm died before Helm had stored a new revision", "none")};
  }
  if (absl::Status status = Unlock(*key, before, *after); !status.ok()) {
    return IsPassing(status) ? Progress(Wait{kRetry}) : Failed{status};
  }
  if ((*after)->status == ReleaseStatus::kDeployed) {
    return Succeed(Action{.release = *key, .what = Rollback{}}, (*after)->revision);
  }
  return Failed{WithMetadata(
      Interrupted(fmt::format("the replica that ran Helm died; revision {} of {}/{} is marked as "
                              "failed: upgrade it or roll it back",
                              (*after)->revision, key->ns.value(), key->name.value()),
                  "revision"),
      "revision", std::to_string((*after)->revision))};
}

Progress ReleaseHandler::Removed(const ReleaseKey& key) const {
  Release removed{.key = key};
  // The outcome counts more than the token.
  const absl::StatusOr<ConsistencyToken> token = dependencies_.releases.TokenOf(key);
  if (token.ok()) removed.token = *token;
  return Done{codec_.result(removed)};
}

Progress ReleaseHandler::Succeed(const Action& action, int revision) const {
  const absl::StatusOr<Release> release = dependencies_.releases.Read(action.release, revision);
  if (release.ok()) return Done{codec_.result(*release)};
  if (IsPassing(release.status())) return Wait{kRetry};
  return Failed{release.status()};
}

absl::Status ReleaseHandler::Unlock(const ReleaseKey& key,
                                    const std::optional<RevisionInfo>& before,
                                    const std::optional<RevisionInfo>& after) const {
  const bool left_pending =
      RevisionOf(after) > RevisionOf(before) && after.has_value() && IsPending(after->status);
  if (!left_pending) return absl::OkStatus();
  return dependencies_.releases.MarkFailed(key, after->revision,
                                           "Helm was killed before it ended (marked by Berth)");
}

}  // namespace berth::helm
