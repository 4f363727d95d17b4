#pragma once

#include "absl/status/status.h"
#include "helm-service/domain/chart_repository.h"
#include "helm-service/domain/source_policy.h"

namespace berth::helm {

/// What a refresh is for a registry, which has no index: whether it may be used and its credentials
/// are there. Writes the repository's state if it is another one than before.
///
/// Errors: PERMISSION_DENIED (CHART_SOURCE_NOT_ALLOWED), and those of ReadCredentials.
absl::Status CheckRegistry(ChartRepositoryStore& store, const SourcePolicy& policy,
                           const ChartRepository& repository);

}  // namespace berth::helm
