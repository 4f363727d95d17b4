#pragma once

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>

#include <any>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "common/operation/spec.h"

#include "berth/operation/v1/operation.pb.h"

namespace berth::operation {

/// Tells the watchers of one operation what happens, and wakes its handler. Every method may be
/// called from any thread and at any time: after the operation's end on this replica it does
/// nothing.
class Reporter {
 public:
  virtual ~Reporter() = default;

  /// Enters a phase: a short UPPER_SNAKE name and one line for people. The same pair again is
  /// ignored. Recorded in the store within a second; never put a secret here.
  virtual void Phase(std::string_view phase, std::string_view message) = 0;

  /// Publishes one line that a program wrote, known secrets already replaced. Never stored. Invalid
  /// UTF-8 is replaced; longer than 8 KiB is cut.
  virtual void Line(std::string_view source, v1::OutputLine::Stream stream,
                    std::string_view text) = 0;

  /// Publishes an update of a kind that has no method here, known secrets already replaced; only
  /// its detail counts. Never stored. In its texts invalid UTF-8 is replaced; longer than 8 KiB
  /// they are cut.
  virtual void Publish(v1::OperationUpdate update) = 0;

  /// Schedules Handler::Advance. Calls before it runs collapse into one.
  virtual void Wake() = 0;
};

/// One operation that this replica runs, as its handler sees it during Advance. Valid, and used,
/// only within that call; what other threads need is reporter().
class Run {
 public:
  /// Why effects are being taken back.
  struct Undo {
    absl::Status cause;
  };

  virtual ~Run() = default;

  virtual const std::string& name() const = 0;
  virtual const Spec& spec() const = 0;

  /// The request, or null after a takeover: inputs are never stored. Prefer Input<T>().
  virtual std::shared_ptr<const google::protobuf::Message> input() const = 0;

  /// Whether another process ran this operation before; its plan says how far that came.
  virtual bool recovered() const = 0;

  /// The recorded plan; an empty object before the first SavePlan or BeginEffects. A plan's array
  /// `children` names the request_ids of the steps that may run under this operation's turn.
  virtual const nlohmann::json& plan() const = 0;

  /// Records a plan (an object, or null for an empty one; no secrets, at most 3 KiB) by
  /// compare-and-swap; durable when this returns OK. Any error means that it is not known to be,
  /// and that nothing may be done that relies on it: return Wait. ABORTED means that another
  /// replica has taken the operation over.
  virtual absl::Status SavePlan(nlohmann::json plan) = 0;

  /// Records plan and then state RUNNING; must have returned OK before the operation's first
  /// effect. Without it a takeover ends the operation as INTERRUPTED, effect "none". Errors as
  /// SavePlan; may be repeated.
  virtual absl::Status BeginEffects(nlohmann::json plan) = 0;

  /// Records state UNDOING and why. From then on cancelling has no effect and deadline() is the
  /// undo's own: now plus Handler::undo_allowance(). Errors as SavePlan; the first cause stays.
  virtual absl::Status BeginUndo(const absl::Status& cause) = 0;

  /// Set once BeginUndo was recorded, by this process or one before.
  virtual const std::optional<Undo>& undo() const = 0;

  /// Whether BeginEffects was recorded, by this process or one before.
  virtual bool effects_begun() const = 0;

  virtual bool cancel_requested() const = 0;

  /// When the operation, or its undo, must have ended. A handler that is called with remaining() ==
  /// 0 ends or begins to undo; undo_allowance() later the operation is ended over its head.
  virtual std::chrono::steady_clock::time_point deadline() const = 0;

  /// Time until deadline(), never negative.
  virtual std::chrono::milliseconds remaining() const = 0;

  /// The handler's own state of this operation; empty at first and after a takeover. Destroyed, on
  /// an executor thread, when the operation has ended or this replica has lost it.
  virtual std::any& state() = 0;

  virtual std::shared_ptr<Reporter> reporter() const = 0;

  template <typename Request>
  std::shared_ptr<const Request> Input() const {
    return std::dynamic_pointer_cast<const Request>(input());
  }
  void Phase(std::string_view phase, std::string_view message) {
    reporter()->Phase(phase, message);
  }
};

/// The operation succeeded; `result` is the method's own result message, at most 5 KiB, without
/// secrets: it is stored.
struct Done {
  google::protobuf::Any result;
};

/// The operation failed, its effects taken back or named. CANCELLED as the code makes it a
/// cancelled operation.
struct Failed {
  absl::Status error;
};

/// Not yet: Advance is called again after `at_most`, on Wake, on cancellation and at the deadline,
/// whatever comes first.
struct Wait {
  std::optional<std::chrono::milliseconds> at_most;
};

using Progress = std::variant<Done, Failed, Wait>;

/// Runs the operations of one method. Level-triggered: every call looks at how things stand and
/// does the next step. Calls for one operation never overlap; calls for several run on the
/// manager's executor. A call may make a bounded API request, and waits for anything longer by
/// returning Wait.
class Handler {
 public:
  virtual ~Handler() = default;

  virtual Progress Advance(Run& run) = 0;

  /// How long an operation may go on after its deadline to take back what it did.
  virtual std::chrono::seconds undo_allowance() const { return std::chrono::seconds(60); }
};

}  // namespace berth::operation
