#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "helm-service/domain/release_summary.h"

namespace berth::helm {

enum class ValuesKind { kUserSupplied, kComputed };

/// What is stored of one release, read past every cache. Calls block for some API requests and are
/// thread safe. Errors: those of the Kubernetes client, NOT_FOUND (RELEASE_NOT_FOUND), DATA_LOSS
/// (RELEASE_UNREADABLE) for a body that Helm did not write.
class ReleaseReader {
 public:
  virtual ~ReleaseReader() = default;

  /// The revisions that are stored, without facts, the newest first; none if there is no release.
  virtual absl::StatusOr<std::vector<ReleaseSummary>> Revisions(const ReleaseKey& key) = 0;
  /// The same with facts; one that is gone meanwhile has none.
  virtual absl::StatusOr<ReleaseSummary> WithFacts(ReleaseSummary revision) = 0;

  virtual absl::StatusOr<nlohmann::json> Values(const ReleaseKey& key, int revision,
                                                ValuesKind kind) = 0;
};

}  // namespace berth::helm
