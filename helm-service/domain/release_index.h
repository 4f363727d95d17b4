#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/sync/mutex.h"
#include "helm-service/domain/release_feed.h"
#include "helm-service/domain/release_summary.h"

namespace berth::helm {

/// All releases of the cluster, as small as can be: it is told what Secrets' metadata say, knows
/// which newest revisions still need facts, and hands these out to whoever reads bodies. Publishes
/// each release in a feed once its facts are there. Thread safe.
class ReleaseIndex {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  /// A revision as its Secret's metadata has it.
  struct StoredRevision {
    ReleaseKey key;
    RevisionInfo info;
    std::uint64_t version = 0;
    Labels labels;
  };

  /// A revision whose body is to be read.
  struct Wanted {
    ReleaseKey key;
    int revision = 0;
    std::uint64_t version = 0;
  };

  /// `feed` outlives the index.
  explicit ReleaseIndex(ReleaseFeed& feed) : feed_(feed) {}

  /// A revision is new or has changed.
  void Put(StoredRevision revision);
  void Remove(const ReleaseKey& key, int revision);
  /// All that was there at the start was put; the feed opens when all that has facts.
  void MarkComplete();
  /// The cluster was put back to an earlier state: what was read may be of revisions that are not
  /// there any more.
  void ForgetFacts();

  /// Newest revisions, ordered by namespace and name, some perhaps without facts. Empty
  /// `namespaces`: of all.
  std::vector<Summary> List(const std::set<NamespaceName>& namespaces) const;

  /// The number of a release's newest revision, 0 for no release; nothing before MarkComplete.
  std::optional<int> NewestRevision(const ReleaseKey& key) const;

  /// The same releases as they are now, all with facts; those that are gone are left out. Their
  /// bodies are wanted before all others. UNAVAILABLE (KUBERNETES_UNAVAILABLE) at `deadline`.
  absl::StatusOr<std::vector<Summary>> WithFacts(const std::vector<Summary>& releases,
                                                 Deadline deadline);

  /// Waits until nothing is left of what was stored of a release until `version`; whether that was
  /// before `deadline`.
  bool WaitUntilRemoved(const ReleaseKey& key, std::uint64_t version, Deadline deadline);

  /// Waits for a body that is to be read. Whoever takes it calls Settle or GiveBack. None once
  /// stopped.
  std::optional<Wanted> TakeWanted();
  /// Brings its facts. Null: that version is not there any more, and another will be put.
  void Settle(const Wanted& wanted, std::shared_ptr<const RevisionFacts> facts);
  /// It could not be read now.
  void GiveBack(const Wanted& wanted);

  /// Ends every wait.
  void Stop();

 private:
  struct Revision {
    ReleaseStatus status = ReleaseStatus::kUnknown;
    std::uint64_t version = 0;
    Labels labels;
  };
  struct Entry {
    std::map<int, Revision> revisions;
    Summary newest;
  };

  // After a change of its revisions.
  void Refresh(const ReleaseKey& key, Entry& entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether the release is there and its newest revision lacks facts.
  bool LacksFacts(const ReleaseKey& key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The release was published, or is gone.
  void NoteKnown(const ReleaseKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  ReleaseFeed& feed_;
  mutable Mutex mutex_;
  CondVar changed_;
  CondVar has_wanted_;
  std::map<ReleaseKey, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  // Releases whose facts are to be read; some may have got them meanwhile.
  std::deque<ReleaseKey> wanted_ ABSL_GUARDED_BY(mutex_);
  std::set<ReleaseKey> taken_ ABSL_GUARDED_BY(mutex_);
  // Those of the start that still lack facts.
  std::set<ReleaseKey> before_opening_ ABSL_GUARDED_BY(mutex_);
  bool complete_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace berth::helm
