#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/sync/mutex.h"
#include "helm-service/adapters/release_body.h"
#include "helm-service/domain/release_summary.h"

namespace berth::helm {

/// Reads what bodies of revisions say of themselves, and remembers it: a stored version of a
/// revision never changes. Thread safe.
class ReleaseFacts {
 public:
  struct Found {
    /// Of the version found, which may be newer than the one asked for.
    std::uint64_t version = 0;
    /// Never null; for a body that Helm could not read either, without a chart.
    std::shared_ptr<const RevisionFacts> facts;
  };

  /// `client` outlives this. `remembered` bounds what is kept, of some 300 bytes each.
  explicit ReleaseFacts(kube::Client& client, std::size_t remembered = 20'000)
      : client_(client), remembered_limit_(remembered) {}

  /// Facts of a revision whose Secret has been seen at `version`. Blocks for an API request if they
  /// are not known. Errors: those of the Kubernetes client, NOT_FOUND among them.
  absl::StatusOr<Found> Read(const ReleaseKey& key, int revision, std::uint64_t version);

  /// For a cluster that was put back to an earlier state, where versions come a second time.
  void Forget();

 private:
  using Remembered =
      std::list<std::pair<std::string, std::shared_ptr<const RevisionFacts>>>;  // id, facts

  absl::StatusOr<kube::Json> Get(const ReleaseKey& key, int revision, std::uint64_t version);
  std::shared_ptr<const RevisionFacts> Recall(const std::string& id);
  void Remember(const std::string& id, std::shared_ptr<const RevisionFacts> facts);
  std::shared_ptr<const RevisionFacts> FactsOf(const ReleaseBody& body);
  std::shared_ptr<const ChartIdentity> Shared(ChartIdentity chart);

  kube::Client& client_;
  const std::size_t remembered_limit_;
  Mutex mutex_;
  Remembered remembered_ ABSL_GUARDED_BY(mutex_);  // the most recently used first
  std::unordered_map<std::string, Remembered::iterator> by_id_ ABSL_GUARDED_BY(mutex_);
  std::map<ChartIdentity, std::weak_ptr<const ChartIdentity>> charts_ ABSL_GUARDED_BY(mutex_);
  std::size_t charts_after_pruning_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace berth::helm
