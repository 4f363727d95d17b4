#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/operation/executor.h"
#include "common/operation/forwarded_watch.h"
#include "common/operation/operation_watch.h"
#include "common/operation/peers.h"
#include "common/operation/progress_feed.h"
#include "common/operation/record.h"
#include "common/operation/update_ring.h"
#include "common/sync/mutex.h"

namespace berth::operation {

/// A watch that follows an operation wherever it is: in this process, at another replica, ended, or
/// for the moment nowhere because its holder died. Changes its source as the record says; the
/// reader only sees one row of updates.
///
/// The reader polls, executor threads look for the next source. Held by the reader through a
/// handle (manager.cc) and, weakly, by the manager, which says when the record names another
/// holder.
class FollowingWatch final : public std::enable_shared_from_this<FollowingWatch> {
 public:
  /// Where sources come from. All of it outlives the watch's end.
  struct Surroundings {
    /// The feed of an operation of this replica; null if it is not here.
    std::function<std::shared_ptr<ProgressFeed>(const std::string& name)> find_feed;
    /// The record, read consistently. Blocks.
    std::function<absl::StatusOr<Record>(const std::string& name)> read_record;
    Peers& peers;
    Executor& executor;
    /// This replica's Lease.
    std::string lease;
  };

  struct Options {
    std::string operation;
    std::int64_t after_sequence = 0;
    /// Whether other replicas may be asked.
    bool may_forward = true;
    std::function<void()> ready;
  };

  FollowingWatch(Surroundings surroundings, Options options);

  /// Finds the first source; once, before anything else. Blocks. NOT_FOUND: no such operation.
  absl::Status Begin();

  std::optional<WatchEvent> Poll();

  /// Says that the record may name another holder.
  void RecordChanged();

  /// Ends the watch with Broken.
  void Break(const absl::Status& why);

  /// Ends the watch silently: the reader is gone.
  void Detach();

  const std::string& operation() const { return options_.operation; }

 private:
  /// What has been found out about where to read.
  struct Source {
    std::shared_ptr<ProgressFeed> feed;
    /// Keeps the feed calling.
    std::shared_ptr<void> reader;
    std::unique_ptr<ForwardedWatch> forwarded;
    /// Address that `forwarded` reads from.
    std::string address;
  };

  void Resolve();
  absl::Status ResolveFromRecord();
  void ResolveLater();
  void Forward(const std::string& address);
  void UseFeed(std::shared_ptr<ProgressFeed> feed);
  void Replace(Source source);
  bool ReadsFrom(const std::string& address) const;

  const Surroundings surroundings_;
  const Options options_;

  mutable Mutex mutex_;
  UpdateRing::Cursor cursor_ ABSL_GUARDED_BY(mutex_);
  Source source_ ABSL_GUARDED_BY(mutex_);
  /// To be told to the reader; after that the watch is over.
  std::optional<absl::Status> broken_ ABSL_GUARDED_BY(mutex_);
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  bool resolve_posted_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace berth::operation
