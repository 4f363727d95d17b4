#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "common/sync/mutex.h"
#include "helm-service/domain/release_catalog.h"

namespace berth::helm {

/// Follows the metadata of all release Secrets; names and versions of charts, which stand in the
/// bodies, are read once per revision and kept.
class CachedReleaseCatalog final : public ReleaseCatalog {
 public:
  /// `client` outlives the catalog. `remembered` bounds the bodies' facts that are kept, of about
  /// 500 bytes each.
  CachedReleaseCatalog(kube::Client& client, std::size_t remembered = 20'000);

  void Start() { cache_.Start(); }
  absl::Status WaitForSync(std::chrono::steady_clock::time_point deadline) const {
    return cache_.WaitForSync(deadline);
  }

  absl::StatusOr<std::vector<Release>> List(const std::optional<NamespaceName>& ns,
                                            const std::string& after, std::size_t limit) override;

 private:
  // Uid and resourceVersion of a Secret: another body has another one.
  using BodyId = std::string;
  using Remembered = std::list<std::pair<BodyId, Release>>;

  absl::StatusOr<Release> Describe(const ReleaseKey& key, const kube::Json& metadata);
  std::optional<Release> Recall(const BodyId& id);
  void Remember(const BodyId& id, Release release);

  kube::Client& client_;
  const std::size_t remembered_limit_;
  kube::Cache cache_;
  Mutex mutex_;
  Remembered remembered_ ABSL_GUARDED_BY(mutex_);  // the most recently used first
  std::unordered_map<BodyId, Remembered::iterator> by_id_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::helm
