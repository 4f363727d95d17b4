#pragma once

#include <any>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/clock.h"
#include "common/operation/handler.h"
#include "common/operation/lease_guard.h"
#include "common/operation/owned_record.h"
#include "common/operation/progress_feed.h"
#include "common/operation/release_queue.h"

namespace berth::operation {

/// Takes one operation that this replica holds from its queue to its end: waits for its turn, calls
/// its handler, records progress and the end, leaves the queue. Step is called by one thread at a
/// time, Cancel by any.
class OperationRunner final : public Run {
 public:
  /// What runners share; all of it outlives them.
  struct Surroundings {
    kube::Client& client;
    kube::Clock& clock;
    ReleaseQueues& queues;
    const LeaseGuard& lease;
  };

  struct Options {
    /// As created or taken over, with this replica as the holder.
    Record record;
    /// Null only beside `outcome`.
    Handler* handler = nullptr;
    /// The request; null after a takeover.
    std::shared_ptr<const google::protobuf::Message> input;
    bool recovered = false;
    /// Whether its entry was seen at the head of the release's queue, where it stays to its end.
    bool at_head = false;
    /// How it has ended already, if it only has to be recorded.
    std::optional<Outcome> outcome = std::nullopt;
    std::shared_ptr<ProgressFeed> feed;
  };

  OperationRunner(Surroundings surroundings, Options options);

  /// Does what can be done now. Afterwards either finished(), or it wants to be called again: when
  /// woken, or after the returned time at the latest. An error: again after a while.
  absl::StatusOr<std::optional<std::chrono::milliseconds>> Step();

  /// Whether the end is recorded, or the operation is another replica's now.
  bool finished() const { return finished_; }

  /// Says that cancelling was asked for; follow it by a Step.
  void Cancel() { cancel_requested_ = true; }

  /// Instead of another Step: ends the operation with `why` if it has no effects, and records an
  /// end that is not recorded yet.
  absl::Status EndUnbegun(const absl::Status& why);

  /// Whether the operation is another replica's now, or its record is gone.
  bool lost() const { return record_.lost(); }

  /// The release whose turn it takes, if it does.
  std::optional<ReleaseKey> ticket() const;

  const std::string& name() const override { return name_; }
  const Spec& spec() const override { return spec_; }
  std::shared_ptr<const google::protobuf::Message> input() const override { return input_; }
  bool recovered() const override { return recovered_; }
  const kube::Json& plan() const override { return plan_; }
  absl::Status SavePlan(kube::Json plan) override;
  absl::Status BeginEffects(kube::Json plan) override;
  absl::Status BeginUndo(const absl::Status& cause) override;
  const std::optional<Undo>& undo() const override { return undo_; }
  bool effects_begun() const override { return record_.record().effects_begun(); }
  bool cancel_requested() const override;
  std::chrono::steady_clock::time_point deadline() const override { return deadline_; }
  std::chrono::milliseconds remaining() const override;
  std::any& state() override { return state_; }
  std::shared_ptr<Reporter> reporter() const override { return feed_; }

 private:
  /// One step towards outcome_; until that is set, how long to wait.
  absl::StatusOr<Wait> Work();
  std::optional<Outcome> OutcomeBeforeEffects() const;
  std::optional<Outcome> OutcomeOfOverrun() const;
  /// Whether it may run now.
  absl::StatusOr<bool> TakeTurn(const ReleaseKey& release);
  absl::Status CheckParent(const ReleaseKey& release);
  absl::StatusOr<bool> RemoveIfEnded(const ReleaseKey& release, const std::string& operation);
  absl::Status RecordProgress();
  void PutProgress(Record& record, const ProgressFeed::Snapshot& progress) const;
  void ProgressRecorded(const ProgressFeed::Snapshot& progress);
  absl::Status RecordEnd();
  absl::Status LeaveQueue();
  std::chrono::milliseconds NextLook(const Wait& wait) const;
  /// When the operation is ended over its handler's head.
  std::chrono::steady_clock::time_point last_word() const;
  std::chrono::steady_clock::time_point FromRecord(kube::Time time) const;
  bool has_run() const { return advanced_ || recovered_; }

  const Surroundings surroundings_;
  Handler* const handler_;
  const std::string name_;
  const Spec spec_;
  const bool recovered_;
  const std::shared_ptr<ProgressFeed> feed_;

  std::shared_ptr<const google::protobuf::Message> input_;
  OwnedRecord record_;
  kube::Json plan_;
  std::optional<Undo> undo_;
  std::chrono::steady_clock::time_point deadline_;
  std::any state_;
  const std::chrono::steady_clock::time_point begun_at_;

  std::atomic<bool> cancel_requested_ = false;
  bool has_turn_;
  bool advanced_ = false;
  std::optional<Outcome> outcome_;
  bool end_recorded_ = false;
  bool finished_ = false;

  std::int64_t recorded_revision_ = 0;
  std::chrono::steady_clock::time_point progress_recorded_at_;
};

}  // namespace berth::operation
