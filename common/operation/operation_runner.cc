#include "common/operation/operation_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <variant>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/operation/server_now.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::operation {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Progress is recorded at most so often.
constexpr std::chrono::seconds kRecordEvery(1);

// A waiting operation looks at its queue when that changes, and at least so often.
constexpr std::chrono::seconds kQueueLookEvery(5);

// Beyond the undo's own deadline, so that a handler can still say what is left.
constexpr std::chrono::seconds kUndoGrace(15);

absl::Status NotAtHead(const std::string& parent, std::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_NOT_AT_HEAD,
               fmt::format("operation {} cannot run a step on this release: {}", parent, why))
      .WithMetadata("effect", "none");
}

absl::Status TimedOut(std::string_view what) {
  return Error(absl::StatusCode::kDeadlineExceeded, Reason::ERROR_REASON_OPERATION_TIMEOUT, what);
}

Outcome OutcomeOf(absl::Status error) {
  if (!error.ok()) return error;
  return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
               "the operation failed without an error");
}

bool NamesChild(const kube::Json& plan, const std::string& request_id) {
  const kube::Json& children = kube::At(plan, {"children"});
  return children.is_array() &&
         std::find(children.begin(), children.end(), request_id) != children.end();
}

}  // namespace

OperationRunner::OperationRunner(Surroundings surroundings, Options options)
    : surroundings_(surroundings),
      handler_(options.handler),
      name_(options.record.name()),
      spec_(options.record.spec()),
      recovered_(options.recovered),
      feed_(std::move(options.feed)),
      input_(std::move(options.input)),
      record_(surroundings.client, std::move(options.record)),
      plan_(record_.record().plan()),
      begun_at_(surroundings.clock.Now()),
      has_turn_(options.at_head),
      outcome_(std::move(options.outcome)) {
  if (absl::Status cause = record_.record().undo_cause(); !cause.ok()) {
    undo_ = Undo{std::move(cause)};
  }
  deadline_ = recovered_ ? FromRecord(record_.record().deadline()) : begun_at_ + spec_.timeout;
}

absl::StatusOr<std::optional<milliseconds>> OperationRunner::Step() {
  if (!outcome_) {
    const absl::StatusOr<Wait> wait = Work();
    if (record_.lost()) {
      log::Warning("operation lost", {{"operation", name_}});
      finished_ = true;
      return std::nullopt;
    }
    RETURN_IF_ERROR(wait.status());
    if (!outcome_) {
      // A failure is no reason to hold up the handler: the next look tries again.
      const absl::Status recorded = RecordProgress();
      if (!recorded.ok()) {
        log::Warning("operation progress not recorded",
                     {{"operation", name_}, {"error", Describe(recorded)}});
        return std::max<milliseconds>(NextLook(*wait), kRecordEvery);
      }
      return NextLook(*wait);
    }
  }
  if (!end_recorded_) RETURN_IF_ERROR(RecordEnd());
  if (!record_.lost()) RETURN_IF_ERROR(LeaveQueue());
  finished_ = true;
  return std::nullopt;
}

absl::Status OperationRunner::EndUnbegun(const absl::Status& why) {
  if (finished_) return absl::OkStatus();
  if (!outcome_) {
    if (effects_begun() || undo_) return absl::OkStatus();
    outcome_ = why;
  }
  return Step().status();
}

absl::StatusOr<Wait> OperationRunner::Work() {
  if (!has_run()) {
    outcome_ = OutcomeBeforeEffects();
    if (outcome_) return Wait();
  }
  if (const std::optional<ReleaseKey> release = ticket(); release && !has_turn_) {
    ASSIGN_OR_RETURN(has_turn_, TakeTurn(*release));
    if (outcome_) return Wait();
    if (!has_turn_) return Wait{.at_most = kQueueLookEvery};
  }
  outcome_ = OutcomeOfOverrun();
  if (outcome_) return Wait();

  advanced_ = true;
  Progress progress = handler_->Advance(*this);
  if (Done* done = std::get_if<Done>(&progress)) {
    outcome_ = std::move(done->result);
    return Wait();
  }
  if (Failed* failed = std::get_if<Failed>(&progress)) {
    outcome_ = OutcomeOf(std::move(failed->error));
    return Wait();
  }
  return std::get<Wait>(progress);
}

std::optional<Outcome> OperationRunner::OutcomeBeforeEffects() const {
  if (cancel_requested()) return CancelledWithoutEffect();
  if (remaining() == milliseconds::zero()) {
    return WithMetadata(TimedOut("the operation's time was up before its turn came"), "effect",
                        "none");
  }
  return std::nullopt;
}

std::optional<Outcome> OperationRunner::OutcomeOfOverrun() const {
  if (surroundings_.clock.Now() < last_word()) return std::nullopt;
  if (!undo_) return TimedOut("the operation did not end within its timeout");
  return Error(undo_->cause.code(), Reason::ERROR_REASON_UNDO_INCOMPLETE,
               fmt::format("taking the operation back did not end in time; it had failed: {}",
                           std::string(undo_->cause.message())));
}

absl::StatusOr<bool> OperationRunner::TakeTurn(const ReleaseKey& release) {
  if (!spec_.parent.empty()) {
    // What has begun is finished in any case: its parent is not terminal before it.
    if (effects_begun()) return true;
    const absl::Status allowed = CheckParent(release);
    if (ReasonOf(allowed) == Reason::ERROR_REASON_NOT_AT_HEAD) {
      outcome_ = allowed;
      return false;
    }
    RETURN_IF_ERROR(allowed);
    return true;
  }
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<std::string> queue, surroundings_.queues.Read(release));
    const int position = PositionOf(queue, name_);
    if (position == 1) return true;
    if (position == 0) {
      // An append whose answer was lost, or a queue that somebody deleted.
      RETURN_IF_ERROR(surroundings_.queues.Append(release, name_).status());
      continue;
    }
    feed_->Queued(position, queue.front());
    ASSIGN_OR_RETURN(const bool removed, RemoveIfEnded(release, queue.front()));
    if (!removed) return false;
  }
}

absl::Status OperationRunner::CheckParent(const ReleaseKey& release) {
  ASSIGN_OR_RETURN(const std::vector<std::string> queue, surroundings_.queues.Read(release));
  if (PositionOf(queue, spec_.parent) != 1) {
    return NotAtHead(spec_.parent, "it is not at the head of the release's queue");
  }
  const absl::StatusOr<kube::Json> read = surroundings_.client.Get(
      kube::kOperations, {kube::Namespace(record_.record().json()), spec_.parent});
  if (kube::IsNotFound(read.status())) return NotAtHead(spec_.parent, "it does not exist");
  RETURN_IF_ERROR(read.status());
  const Record parent(*read);
  if (parent.terminal()) return NotAtHead(spec_.parent, "it has ended");
  if (!NamesChild(parent.plan(), spec_.request_id)) {
    return NotAtHead(spec_.parent, "its plan does not name this request_id");
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> OperationRunner::RemoveIfEnded(const ReleaseKey& release,
                                                    const std::string& operation) {
  const absl::StatusOr<kube::Json> read = surroundings_.client.Get(
      kube::kOperations, {kube::Namespace(record_.record().json()), operation});
  if (!read.ok() && !kube::IsNotFound(read.status())) return read.status();
  if (read.ok() && !Record(*read).terminal()) return false;
  RETURN_IF_ERROR(surroundings_.queues.Remove(release, operation));
  return true;
}

absl::Status OperationRunner::SavePlan(kube::Json plan) {
  if (plan.is_null()) plan = kube::Json::object();
  if (!plan.is_object() || plan.dump().size() > kMaxPlanBytes) {
    return Error(
        absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INTERNAL,
        fmt::format("the plan of {} is no object, or larger than {} bytes", name_, kMaxPlanBytes));
  }
  RETURN_IF_ERROR(record_.WriteSpec([&](Record& record) { record.set_plan(plan); }));
  plan_ = std::move(plan);
  return absl::OkStatus();
}

absl::Status OperationRunner::BeginEffects(kube::Json plan) {
  if (!surroundings_.lease.FreshEnoughToSpawn()) {
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE,
                 "this replica could not renew its Lease and begins nothing");
  }
  if (plan.is_null()) plan = kube::Json::object();
  if (plan != plan_) RETURN_IF_ERROR(SavePlan(std::move(plan)));
  if (effects_begun() || undo_) return absl::OkStatus();
  const ProgressFeed::Snapshot progress = feed_->TakeSnapshot();
  const kube::Time now = ServerNow(surroundings_.client);
  RETURN_IF_ERROR(record_.WriteStatus([&](Record& record) {
    record.set_running(now);
    PutProgress(record, progress);
  }));
  ProgressRecorded(progress);
  return absl::OkStatus();
}

absl::Status OperationRunner::BeginUndo(const absl::Status& cause) {
  if (undo_) return absl::OkStatus();
  const std::chrono::seconds allowance = handler_->undo_allowance();
  const ProgressFeed::Snapshot progress = feed_->TakeSnapshot();
  const kube::Time now = ServerNow(surroundings_.client);
  RETURN_IF_ERROR(record_.WriteStatus([&](Record& record) {
    record.set_undoing(cause, now, now + allowance);
    PutProgress(record, progress);
  }));
  ProgressRecorded(progress);
  undo_ = Undo{cause};
  deadline_ = surroundings_.clock.Now() + allowance;
  return absl::OkStatus();
}

bool OperationRunner::cancel_requested() const {
  return cancel_requested_ || record_.record().cancel_requested();
}

milliseconds OperationRunner::remaining() const {
  const auto left = deadline_ - surroundings_.clock.Now();
  return std::max(milliseconds::zero(), std::chrono::ceil<milliseconds>(left));
}

std::optional<ReleaseKey> OperationRunner::ticket() const {
  if (!spec_.takes_release_ticket) return std::nullopt;
  return ReleaseKey{spec_.target_namespace, spec_.target_name};
}

absl::Status OperationRunner::RecordProgress() {
  const ProgressFeed::Snapshot progress = feed_->TakeSnapshot();
  const bool at_once = progress.wanted_reservation || !record_.record().state_recorded();
  const bool due = surroundings_.clock.Now() - progress_recorded_at_ >= kRecordEvery;
  const bool changed = progress.revision != recorded_revision_;
  if (!at_once && !(changed && due)) return absl::OkStatus();
  const kube::Time now = ServerNow(surroundings_.client);
  RETURN_IF_ERROR(record_.WriteStatus([&](Record& record) {
    if (!record.state_recorded()) record.set_queued(now);
    PutProgress(record, progress);
  }));
  ProgressRecorded(progress);
  return absl::OkStatus();
}

void OperationRunner::PutProgress(Record& record, const ProgressFeed::Snapshot& progress) const {
  record.set_phases(progress.phases);
  if (progress.wanted_reservation) record.set_sequence_reserved(*progress.wanted_reservation);
}

void OperationRunner::ProgressRecorded(const ProgressFeed::Snapshot& progress) {
  recorded_revision_ = progress.revision;
  progress_recorded_at_ = surroundings_.clock.Now();
  if (progress.wanted_reservation) feed_->Reserve(*progress.wanted_reservation);
}

absl::Status OperationRunner::RecordEnd() {
  const kube::Time now = ServerNow(surroundings_.client);
  const ProgressFeed::Snapshot progress = feed_->TakeSnapshot();
  const absl::Status recorded = record_.WriteStatus([&](Record& record) {
    record.set_phases(progress.phases);
    record.set_ended(*outcome_, progress.last_sequence, now);
  });
  if (record_.lost()) return absl::OkStatus();
  if (kube::IsInvalid(recorded)) {
    outcome_ = Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                     "the operation ended, but how it ended could not be recorded");
  }
  RETURN_IF_ERROR(recorded);
  end_recorded_ = true;
  outcome_ = record_.record().outcome();
  log::Info("operation ended",
            {{"operation", name_},
             {"method", spec_.method},
             {"outcome", outcome_->ok() ? "OK" : ReasonName(ReasonOf(outcome_->status()))}});
  feed_->End(Ended{*outcome_});
  return absl::OkStatus();
}

absl::Status OperationRunner::LeaveQueue() {
  const std::optional<ReleaseKey> release = ticket();
  if (!release || !spec_.parent.empty()) return absl::OkStatus();
  return surroundings_.queues.Remove(*release, name_);
}

milliseconds OperationRunner::NextLook(const Wait& wait) const {
  const steady_clock::time_point now = surroundings_.clock.Now();
  const auto until = [&](steady_clock::time_point time) {
    return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(time - now));
  };
  milliseconds next = until(now < deadline_ ? deadline_ : last_word());
  if (wait.at_most) next = std::min(next, std::max(milliseconds(1), *wait.at_most));
  const ProgressFeed::Snapshot progress = feed_->TakeSnapshot();
  if (progress.wanted_reservation) return milliseconds(1);
  if (progress.revision != recorded_revision_) {
    next = std::min(next, until(progress_recorded_at_ + kRecordEvery));
  }
  return next;
}

steady_clock::time_point OperationRunner::last_word() const {
  // A replica that takes over late gets time of its own to take things back.
  const steady_clock::time_point from = std::max(deadline_, begun_at_);
  return from + (undo_ ? kUndoGrace : handler_->undo_allowance());
}

steady_clock::time_point OperationRunner::FromRecord(kube::Time time) const {
  return surroundings_.clock.Now() + (time - ServerNow(surroundings_.client));
}

}  // namespace berth::operation
