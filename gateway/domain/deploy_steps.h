#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "gateway/domain/child.h"
#include "gateway/domain/expose_steps.h"
#include "gateway/domain/operation_view.h"

namespace berth::gateway {

/// How far Deploy is. Recorded before each step.
struct DeployPlan {
  /// Where the release goes is the exposure's namespace.
  ReleaseName release;
  /// The newest revision before; 0 for none.
  int revision_before = 0;
  /// The revision it made; 0 until it succeeded.
  int revision_made = 0;
  ExposePlan exposure;

  /// How the release goes back, once that was decided.
  struct Back {
    enum class Way { kRollback, kUninstall };
    Way way = Way::kUninstall;
    /// Which attempt counts; its request_id is ChildRequestId(…, "back", …).
    int attempt = 1;
    /// The revision that must be the newest one.
    int expected_revision = 0;
  };
  std::optional<Back> back;
};

/// What Deploy's next step depends on, as just read.
struct DeployFacts {
  OperationView operation;
  /// Whether this process holds the request: only then the upgrade may be sent.
  bool has_input = false;
  Child upgrade;
  std::optional<Exposure> exposure;
  /// Newest revision of the release; 0 for none. Only asked for while undoing.
  int newest_revision = 0;
  /// The child of plan.back.
  Child back;
};

/// Send the install or upgrade.
struct SendUpgrade {};
/// Wait until the upgrade, or the child of plan.back, has ended.
struct AwaitChild {};
/// Record the revision that the upgrade made.
struct RecordRevision {
  int revision = 0;
};
struct DeployIsDone {};
/// A step failed, or the operation was cancelled: take back what was done.
struct BeginUndo {
  absl::Status cause;
};
/// It came to nothing, and nothing is to be taken back.
struct DeployFailed {
  absl::Status error;
};

using DeployStep = std::variant<SendUpgrade, AwaitChild, RecordRevision, ExposeStep, DeployIsDone,
                                BeginUndo, DeployFailed>;

/// What Deploy does next on its way forward. Pure.
DeployStep NextDeployStep(const DeployPlan& plan, const DeployFacts& facts);

/// See to it that the upgrade never runs, and stops if it does.
struct CancelUpgrade {};
/// Record the way back, then take it.
struct RecordBack {
  DeployPlan::Back back;
};
/// Send the child of plan.back.
struct SendBack {};
/// Everything that could be taken back was; `leftovers` says in words what was not.
struct DeployIsBack {
  std::vector<std::string> leftovers;
};

using DeployUndoStep =
    std::variant<CancelUpgrade, AwaitChild, ExposeUndoStep, RecordBack, SendBack, DeployIsBack>;

/// What taking a Deploy back needs next. Pure.
DeployUndoStep NextDeployUndoStep(const DeployPlan& plan, const DeployFacts& facts);

/// What an operation ends with after its undo: its cause, or UNDO_INCOMPLETE with metadata
/// `leftovers` and `cause` if something was left.
absl::Status ErrorAfterUndo(const absl::Status& cause, const std::vector<std::string>& leftovers);

}  // namespace berth::gateway
