#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "helm-service/domain/chart_indexes.h"
#include "helm-service/domain/chart_repositories.h"
#include "helm-service/domain/chart_repository.h"
#include "helm-service/domain/source_policy.h"
#include "helm-service/domain/version_constraint.h"

namespace berth::helm {

/// Finds charts by the names of stored repositories. Thread safe.
class RepositoryCharts final : public ChartRepositories {
 public:
  /// All outlive this.
  RepositoryCharts(ChartRepositoryStore& store, ChartIndexes& indexes, const SourcePolicy& policy)
      : store_(store), indexes_(indexes), policy_(policy) {}

  absl::StatusOr<ResolvedChart> Resolve(const RepositoryName& repository, const ChartName& chart,
                                        const VersionConstraint& versions) override;

  /// A chart of a repository of type OCI. Errors: PERMISSION_DENIED (CHART_SOURCE_NOT_ALLOWED), and
  /// those of ReadCredentials.
  absl::StatusOr<RegistryChart> InRegistry(const ChartRepository& repository,
                                           const ChartName& chart);

 private:
  absl::StatusOr<ResolvedChart> ResolveInIndex(const ChartRepository& repository,
                                               const ChartName& chart,
                                               const VersionConstraint& versions);

  ChartRepositoryStore& store_;
  ChartIndexes& indexes_;
  const SourcePolicy& policy_;
};

/// NOT_FOUND (CHART_NOT_FOUND) for a chart that a repository has not, or not in such a version.
absl::Status ChartNotFound(const RepositoryName& repository, const ChartName& chart,
                           const VersionConstraint& versions);

}  // namespace berth::helm
