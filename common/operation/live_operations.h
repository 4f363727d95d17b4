#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/operation/operation_runner.h"
#include "common/operation/progress_feed.h"
#include "common/sync/mutex.h"

namespace berth::operation {

/// The operations that this replica holds, those that it is just creating, and the feeds of those
/// that ended here lately. Bounded. Any thread.
class LiveOperations {
 public:
  struct Limits {
    std::size_t operations = 0;
    std::size_t input_bytes = 0;
  };

  struct Entry {
    std::shared_ptr<OperationRunner> runner;
    std::shared_ptr<ProgressFeed> feed;
  };

  /// The right to begin one operation; given back when destroyed unless it was filled by Add.
  class Place {
   public:
    Place(LiveOperations& live, std::string name, std::size_t input_bytes)
        : live_(&live), name_(std::move(name)), input_bytes_(input_bytes) {}
    Place(Place&& other) noexcept;
    Place& operator=(Place&&) = delete;
    ~Place();

    const std::string& name() const { return name_; }

   private:
    friend class LiveOperations;

    LiveOperations* live_;
    std::string name_;
    std::size_t input_bytes_;
  };

  explicit LiveOperations(Limits limits) : limits_(limits) {}

  /// A place for a new operation, or none if it lives here already; waits while another thread
  /// begins the same one. RESOURCE_EXHAUSTED, QUEUE_FULL at the limits.
  absl::StatusOr<std::optional<Place>> Reserve(const std::string& name, std::size_t input_bytes);

  /// As Reserve for an operation taken over: beyond the limits too, and none at once while it is
  /// being begun here.
  std::optional<Place> ReserveForTakeover(const std::string& name);

  void Add(Place place, Entry entry);

  /// Null if it does not live here.
  std::shared_ptr<OperationRunner> FindRunner(const std::string& name) const;

  /// Also of operations that ended here lately.
  std::shared_ptr<ProgressFeed> FindFeed(const std::string& name) const;

  /// Whether it lives or is being begun here.
  bool Contains(const std::string& name) const;

  /// It has ended, or is another replica's: keeps only its feed for a while, not even that if
  /// `keep_feed` is not set.
  void Finish(const std::string& name, bool keep_feed);

  /// Drops the feed of an operation that ended here.
  void Forget(const std::string& name);

  std::vector<Entry> All() const;

  /// Waits until nothing lives here; false once `deadline` has passed.
  bool WaitUntilEmpty(std::chrono::steady_clock::time_point deadline) const;

 private:
  struct Held {
    Entry entry;
    std::size_t input_bytes = 0;
  };

  void GiveBack(const Place& place);

  const Limits limits_;

  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::size_t input_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::string> beginning_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Held> held_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<ProgressFeed>> ended_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> ended_order_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::operation
