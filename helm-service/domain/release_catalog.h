#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "helm-service/domain/release.h"

namespace berth::helm {

/// All releases, from a copy that follows the cluster. Thread safe.
class ReleaseCatalog {
 public:
  virtual ~ReleaseCatalog() = default;

  /// A release's place in the catalog's order: by namespace, then by name. The blank sorts before
  /// every character of a name, so that "shop" comes before "shop-2".
  static std::string OrderKey(const ReleaseKey& key) {
    return key.ns.value() + " " + key.name.value();
  }

  /// At most `limit` releases at their newest revisions, ordered by OrderKey and after `after`,
  /// without notes. Blocks for an API request per release whose chart is not known yet.
  /// Errors: UNAVAILABLE (NOT_READY) before the copy is complete.
  virtual absl::StatusOr<std::vector<Release>> List(const std::optional<NamespaceName>& ns,
                                                    const std::string& after,
                                                    std::size_t limit) = 0;
};

}  // namespace berth::helm
