#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/time.h"
#include "common/operation/handler.h"
#include "common/operation/operation_watch.h"
#include "common/operation/update_ring.h"
#include "common/sync/mutex.h"

namespace berth::operation {

/// The side of an operation that many threads share: those that report progress into it and those
/// that read it. Held by whoever uses it; outlives the operation's run.
class ProgressFeed final : public Reporter {
 public:
  using ReadyFunction = std::function<void()>;

  struct Options {
    std::string operation;
    /// Schedules the operation's next step within this time; callable at any time.
    std::function<void(std::chrono::milliseconds within)> wake;
    /// Wall-clock time for updates.
    std::function<kube::Time()> now;
  };

  /// What the record should say about progress.
  struct Snapshot {
    std::vector<v1::PhaseRecord> phases;
    std::int64_t last_sequence = 0;
    std::optional<std::int64_t> wanted_reservation;
    /// Counts the changes of phase: equal means that nothing is to be recorded.
    std::int64_t revision = 0;
  };

  ProgressFeed(Options options, UpdateRing ring);

  void Phase(std::string_view phase, std::string_view message) override;
  void Line(std::string_view source, v1::OutputLine::Stream stream, std::string_view text) override;
  void Publish(v1::OperationUpdate update) override;
  void Wake() override;

  /// Publishes a place in the queue; the same one again is ignored.
  void Queued(int position, const std::string& blocked_by);

  Snapshot TakeSnapshot() const;

  /// Says that sequence numbers up to `up_to` are recorded as reserved.
  void Reserve(std::int64_t up_to);

  /// The last event of all readers. Only the first call counts; reports after it are dropped.
  void End(WatchEvent last);

  /// The reader's next event, if there is one.
  std::optional<WatchEvent> Next(UpdateRing::Cursor& cursor) const;

  /// Has `ready` called after each event, until the returned handle is destroyed.
  [[nodiscard]] std::shared_ptr<void> AddReader(ReadyFunction ready);

 private:
  using Readers = std::list<std::weak_ptr<ReadyFunction>>;

  void Append(v1::OperationUpdate update);
  std::vector<std::shared_ptr<ReadyFunction>> LiveReaders() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Notify(const std::vector<std::shared_ptr<ReadyFunction>>& readers);

  const Options options_;

  mutable Mutex mutex_;
  UpdateRing ring_ ABSL_GUARDED_BY(mutex_);
  Readers readers_ ABSL_GUARDED_BY(mutex_);
  std::optional<WatchEvent> last_event_ ABSL_GUARDED_BY(mutex_);
  std::string phase_ ABSL_GUARDED_BY(mutex_);
  std::string phase_message_ ABSL_GUARDED_BY(mutex_);
  int position_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string blocked_by_ ABSL_GUARDED_BY(mutex_);
  std::int64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace berth::operation
