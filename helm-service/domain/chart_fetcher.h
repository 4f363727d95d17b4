#pragma once

#include <chrono>
#include <stop_token>

#include "absl/status/statusor.h"
#include "helm-service/domain/chart.h"

namespace berth::helm {

/// Gets packaged charts from where they lie. Thread safe.
class ChartFetcher {
 public:
  struct Bounds {
    std::chrono::steady_clock::time_point deadline;
    std::stop_token stop;
  };

  virtual ~ChartFetcher() = default;

  /// The packaged chart, of the digest that its source or the request promises; not looked into
  /// yet. Blocks, except for an archive.
  ///
  /// Errors: NOT_FOUND (CHART_NOT_FOUND, CHART_REPOSITORY_NOT_FOUND), PERMISSION_DENIED
  /// (CHART_SOURCE_NOT_ALLOWED, CHART_SOURCE_DENIED), UNAVAILABLE, RESOURCE_EXHAUSTED and
  /// FAILED_PRECONDITION (CHART_SOURCE_UNAVAILABLE), FAILED_PRECONDITION (CHART_DIGEST_MISMATCH,
  /// CHART_INVALID), DEADLINE_EXCEEDED (OPERATION_TIMEOUT), CANCELLED (CANCELLED).
  virtual absl::StatusOr<ChartArchive> Fetch(Chart chart, const Bounds& bounds) = 0;
};

}  // namespace berth::helm
