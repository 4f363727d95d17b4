#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/config/config.h"
#include "common/kube/client.h"
#include "helm-service/adapters/curl_http_fetcher.h"
#include "helm-service/adapters/kube_chart_repository_store.h"
#include "helm-service/adapters/oci_client.h"
#include "helm-service/adapters/oci_registry_versions.h"
#include "helm-service/adapters/repository_indexes.h"
#include "helm-service/adapters/repository_refresher.h"
#include "helm-service/domain/chart_repositories.h"
#include "helm-service/domain/repository_charts.h"
#include "helm-service/domain/source_policy.h"

namespace berth::helm {

/// All that knows where charts come from, put together. Thread safe.
class ChartSources {
 public:
  struct Options {
    SourcePolicy::Options policy;
    RepositoryIndexes::Options indexes;
  };

  /// Checks the options. `client` outlives it; repositories are objects of namespace `ns`. Errors:
  /// INVALID_ARGUMENT (INVALID_FIELD).
  static absl::StatusOr<std::unique_ptr<ChartSources>> Create(kube::Client& client, std::string ns,
                                                              const Options& options);

  /// Begins to keep indexes fresh.
  void Start() { refresher_.Start(); }

  const SourcePolicy& policy() const { return policy_; }
  HttpFetcher& http() { return http_; }
  KubeChartRepositoryStore& store() { return store_; }
  ChartIndexes& indexes() { return indexes_; }
  RegistryVersions& registries() { return registries_; }
  ChartRepositories& repositories() { return repositories_; }

 private:
  ChartSources(kube::Client& client, std::string ns, SourcePolicy policy, const Options& options);

  const SourcePolicy policy_;
  CurlHttpFetcher http_;
  const OciClient oci_;
  KubeChartRepositoryStore store_;
  RepositoryIndexes indexes_;
  OciRegistryVersions registries_;
  RepositoryCharts repositories_;
  RepositoryRefresher refresher_;
};

/// Binds the keys that say where charts may come from, and how much of repositories is kept.
void AddChartKeys(config::Table& table, ChartSources::Options& options);

}  // namespace berth::helm
