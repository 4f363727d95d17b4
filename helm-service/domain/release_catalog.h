#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "helm-service/domain/consistency_token.h"
#include "helm-service/domain/release_query.h"
#include "helm-service/domain/release_summary.h"

namespace berth::helm {

/// Hears of releases at their newest revisions, all with facts. Called on one thread, which it must
/// not block.
class ReleaseWatcher {
 public:
  virtual ~ReleaseWatcher() = default;
  /// First, and once: all releases, ordered by namespace and name.
  virtual void OnSnapshot(const std::vector<Summary>& releases) = 0;
  /// Then each change: `before` is null for a new release, `after` for one that is gone.
  virtual void OnChange(const Summary& before, const Summary& after) = 0;
};

/// All releases, from a copy that follows the cluster. Thread safe.
class ReleaseCatalog {
 public:
  struct Request {
    ReleaseFilter filter;
    ReleaseOrder order;
    /// OrderKey of the last release before the page; empty for the first page.
    std::string after;
    std::size_t limit = 0;
    /// What the copy must show first.
    std::optional<ConsistencyToken> at_least;
  };

  virtual ~ReleaseCatalog() = default;

  /// A page of releases at their newest revisions, all with facts. Waits for the copy, and for
  /// bodies that have not been read, for some seconds at most. Errors: UNAVAILABLE (NOT_READY,
  /// KUBERNETES_UNAVAILABLE).
  virtual absl::StatusOr<ReleasePage> List(const Request& request) = 0;

  /// Calls a watcher from now on; held weakly.
  virtual void Watch(const std::shared_ptr<ReleaseWatcher>& watcher) = 0;
};

}  // namespace berth::helm
