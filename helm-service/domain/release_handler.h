#pragma once

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

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
#include "helm-service/domain/release_store.h"

namespace berth::helm {

/// How one RPC's request becomes an action, and what was done its result.
struct ActionCodec {
  std::function<absl::StatusOr<Action>(const google::protobuf::Message& request)> parse;
  /// Given the release as it is now; nothing after an uninstall that found none.
  std::function<google::protobuf::Any(const std::optional<Release>& release)> result;
};

/// Runs the operations of one mutating RPC: checks, one Helm process, and the truth about how the
/// release ended up.
///
/// A release is never left in a state that Helm takes for somebody at work. When Helm died, or this
/// replica and Helm with it, a revision that stayed `pending-*` is marked failed, as Helm itself
/// does when it is asked to stop; a half-done uninstall is run again. Cancellation and the deadline
/// send TERM to installs and upgrades only: rollbacks and uninstalls would be left locked by it.
///
/// Any thread; whatever it refers to outlives it.
class ReleaseHandler final : public operation::Handler {
 public:
  struct Dependencies {
    HelmRunner& helm;
    ReleaseStore& releases;
    ProcessSlots& slots;
    const ChartPreparer& charts;
    ReleaseObserver& observer;
    const operation::LeaseGuard& lease;
  };

  /// How long Helm may go on after the operation's deadline before it is killed.
  static constexpr std::chrono::seconds kKillMargin{30};

  ReleaseHandler(ActionCodec codec, Dependencies dependencies);

  operation::Progress Advance(operation::Run& run) override;

  /// Room for Helm's end, and for what is repaired after it.
  std::chrono::seconds undo_allowance() const override { return kKillMargin * 3; }

 private:
  struct Attempt;

  operation::Progress Begin(operation::Run& run, Attempt& attempt) const;
  /// Takes the chart out of the action, to come back as an archive that Helm can have.
  std::unique_ptr<ChartPreparer::Preparation> PrepareChart(operation::Run& run,
                                                           Action& action) const;
  /// Waits for a slot of a Helm process.
  void JoinLine(operation::Run& run, Attempt& attempt) const;
  operation::Progress Launch(operation::Run& run, Attempt& attempt) const;
  operation::Progress Follow(operation::Run& run, Attempt& attempt) const;
  operation::Progress Conclude(operation::Run& run, Attempt& attempt,
                               const absl::StatusOr<HelmExit>& exit) const;
  operation::Progress ConcludeFailure(operation::Run& run, Attempt& attempt, HelmExit exit,
                                      const std::optional<RevisionInfo>& after) const;
  operation::Progress Recover(operation::Run& run, Attempt& attempt) const;
  // The end of an uninstall.
  operation::Progress Removed(const ReleaseKey& key) const;
  operation::Progress Succeed(const Action& action, int revision) const;
  /// Marks a revision that Helm left pending as failed.
  absl::Status Unlock(const ReleaseKey& key, const std::optional<RevisionInfo>& before,
                      const std::optional<RevisionInfo>& after) const;

  const ActionCodec codec_;
  const Dependencies dependencies_;
};

}  // namespace berth::helm
