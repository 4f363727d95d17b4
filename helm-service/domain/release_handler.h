#pragma once

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/operation/handler.h"
#include "common/operation/lease_guard.h"
#include "helm-service/domain/action.h"
#include "helm-service/domain/chart_preparer.h"
#include "helm-service/domain/helm_runner.h"
#include "helm-service/domain/process_slots.h"
#include "helm-service/domain/release.h"
#include "helm-service/domain/release_observer.h"
#include "helm-service/domain/release_plan.h"
#include "helm-service/domain/release_reader.h"
#include "helm-service/domain/release_store.h"
#include "helm-service/domain/release_tests.h"
#include "helm-service/domain/stoppable_runs.h"

namespace berth::helm {

/// What was done.
struct ActionResult {
  /// As it is now; nothing after an uninstall that found none.
  std::optional<Release> release;
  /// How the tests went, if it ran tests.
  std::vector<TestOutcome> tests = {};
};

/// How one RPC's request becomes an action, and what was done its result.
struct ActionCodec {
  std::function<absl::StatusOr<Action>(const google::protobuf::Message& request)> parse;
  std::function<google::protobuf::Any(const ActionResult& done)> result;
};

/// Runs the operations of one mutating RPC: checks, one Helm process, and the truth about how the
/// release ended up.
///
/// A release is never left in a state that Helm takes for somebody at work. When Helm died, or this
/// replica and Helm with it, a revision that stayed `pending-*` is marked failed, as Helm itself
/// does when it is asked to stop; a half-done uninstall is run again; and what was to be taken back
/// on failure is taken back. Cancellation and the deadline send TERM to installs and upgrades only:
/// rollbacks and uninstalls would be left locked by it.
///
/// Any thread; whatever it refers to outlives it.
class ReleaseHandler final : public operation::Handler {
 public:
  struct Dependencies {
    HelmRunner& helm;
    ReleaseStore& releases;
    ReleaseReader& reader;
    ProcessSlots& slots;
    const ChartPreparer& charts;
    ReleaseObserver& observer;
    StoppableRuns& stoppable;
    const operation::LeaseGuard& lease;
  };

  struct Options {
    /// How long Helm may go on after the operation's deadline before it is killed.
    std::chrono::seconds kill_margin{30};
    /// How long taking back a failed install or upgrade may take.
    std::chrono::seconds undo_timeout{300};
  };

  ReleaseHandler(ActionCodec codec, Dependencies dependencies, Options options);

  operation::Progress Advance(operation::Run& run) override;

  /// Room for taking back, or for Helm's end and what is repaired after it.
  std::chrono::seconds undo_allowance() const override {
    return std::max(options_.undo_timeout, options_.kill_margin * 3);
  }

 private:
  struct Attempt;
  // Why Helm itself could not take back what it did, if it has tried.
  using GaveUp = std::optional<std::string>;

  operation::Progress Begin(operation::Run& run, Attempt& attempt) const;
  /// Takes the chart out of the action, to come back as an archive that Helm can have.
  std::unique_ptr<ChartPreparer::Preparation> PrepareChart(operation::Run& run,
                                                           Action& action) const;
  /// Waits for a slot of a Helm process.
  void JoinLine(operation::Run& run, Attempt& attempt) const;
  /// The same for one more Helm process, in an operation that has begun; `newest` is the newest
  /// revision now.
  void GoOnWith(operation::Run& run, Attempt& attempt, Action action, int newest) const;
  operation::Progress Launch(operation::Run& run, Attempt& attempt) const;
  /// Ends an operation whose next Helm may not be started any more.
  operation::Progress GiveUp(operation::Run& run, Attempt& attempt) const;
  operation::Progress Follow(operation::Run& run, Attempt& attempt) const;
  operation::Progress Stop(operation::Run& run, Attempt& attempt) const;
  operation::Progress StopAndTakeBack(operation::Run& run, Attempt& attempt) const;
  operation::Progress Conclude(operation::Run& run, Attempt& attempt,
                               const absl::StatusOr<HelmExit>& exit) const;
  /// The revision that a Helm run which succeeded has made, if it is found where it should be.
  std::optional<Release> FindMade(const Attempt& attempt) const;
  operation::Progress ConcludeFailure(operation::Run& run, Attempt& attempt, HelmExit exit,
                                      const std::optional<RevisionInfo>& after) const;
  /// Ends with `cause` once nothing is left of an install or upgrade, by Helm if need be, unless
  /// that has failed to already.
  operation::Progress TakeBackWhatIsLeft(operation::Run& run, Attempt& attempt,
                                         const ReleaseKey& release, const absl::Status& cause,
                                         GaveUp gave_up) const;
  operation::Progress Recover(operation::Run& run, Attempt& attempt) const;
  // The end of an uninstall.
  operation::Progress Removed(const ReleaseKey& key) const;
  operation::Progress RecoverChange(operation::Run& run, Attempt& attempt, const ReleaseKey& key,
                                    const std::optional<RevisionInfo>& after) const;
  operation::Progress Succeed(const ReleaseKey& key, int revision) const;
  /// Remembers when tests were started last, and checks that those asked for exist.
  absl::Status PrepareTests(Attempt& attempt, int revision) const;
  operation::Progress ConcludeTests(Attempt& attempt, int revision,
                                    const absl::Status& failure) const;
  /// Marks a revision that a Helm run for `action` left locked as failed.
  absl::Status Unlock(const Action& action, const ReleasePlan& plan,
                      const std::optional<RevisionInfo>& now) const;

  const ActionCodec codec_;
  const Dependencies dependencies_;
  const Options options_;
};

}  // namespace berth::helm
