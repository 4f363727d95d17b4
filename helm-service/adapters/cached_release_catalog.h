#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "helm-service/adapters/release_facts.h"
#include "helm-service/domain/release_catalog.h"
#include "helm-service/domain/release_feed.h"
#include "helm-service/domain/release_index.h"

namespace berth::helm {

/// Follows the metadata of all release Secrets in an index; some threads of its own read the bodies
/// of newest revisions, one at a time each. Thread safe.
class CachedReleaseCatalog final : public ReleaseCatalog {
 public:
  /// Both outlive the catalog.
  CachedReleaseCatalog(kube::Client& client, ReleaseFacts& facts);
  ~CachedReleaseCatalog() override;

  /// Starts its threads; once.
  void Start();
  absl::Status WaitForSync(std::chrono::steady_clock::time_point deadline) const {
    return cache_.WaitForSync(deadline);
  }

  absl::StatusOr<ReleasePage> List(const Request& request) override;
  void Watch(const std::shared_ptr<ReleaseWatcher>& watcher) override { feed_.Watch(watcher); }
  /// As the copy has it now, without waiting; see KubeReleaseStore::LikelyNewest.
  std::optional<int> NewestRevision(const ReleaseKey& key) const {
    return index_.NewestRevision(key);
  }

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  void Take(const kube::Cache::Change& change);
  void Rewound();
  void ReadBodies(const std::stop_token& stop);
  absl::Status WaitFor(const ConsistencyToken& token, Deadline deadline);

  ReleaseFacts& facts_;
  ReleaseFeed feed_;
  ReleaseIndex index_;
  kube::Cache cache_;
  kube::Cache::Subscription subscription_;
  std::vector<std::jthread> readers_;
};

}  // namespace berth::helm
