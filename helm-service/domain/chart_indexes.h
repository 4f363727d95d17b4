#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "helm-service/domain/chart_index.h"
#include "helm-service/domain/chart_repository.h"

namespace berth::helm {

/// How new an index has to be.
enum class Freshness {
  /// Not older than the refresh interval; an older one too if a newer cannot be had.
  kRecent,
  /// Read, or found unchanged, after the call began or by a reading under way.
  kNow,
};

/// The indexes of HTTP repositories. Thread safe.
class ChartIndexes {
 public:
  virtual ~ChartIndexes() = default;

  /// Blocks while the index is fetched, by this call or by another one for the same repository.
  /// Errors name the repository: PERMISSION_DENIED (CHART_SOURCE_NOT_ALLOWED, CHART_SOURCE_DENIED),
  /// UNAVAILABLE, FAILED_PRECONDITION and RESOURCE_EXHAUSTED (CHART_SOURCE_UNAVAILABLE),
  /// DEADLINE_EXCEEDED (OPERATION_TIMEOUT), and those of ReadCredentials.
  virtual absl::StatusOr<std::shared_ptr<const ChartIndex>> Get(const ChartRepository& repository,
                                                                Freshness freshness) = 0;
};

}  // namespace berth::helm
