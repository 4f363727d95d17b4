#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "helm-service/domain/chart_repositories.h"

namespace berth::helm {

/// What registries know of a chart. Thread safe.
class RegistryVersions {
 public:
  virtual ~RegistryVersions() = default;

  /// The versions of a chart, as its tags write them, in no order. Blocks. Errors: NOT_FOUND
  /// (CHART_NOT_FOUND), PERMISSION_DENIED (CHART_SOURCE_DENIED), UNAVAILABLE, RESOURCE_EXHAUSTED
  /// and FAILED_PRECONDITION (CHART_SOURCE_UNAVAILABLE).
  virtual absl::StatusOr<std::vector<std::string>> List(const RegistryChart& chart) = 0;
};

}  // namespace berth::helm
