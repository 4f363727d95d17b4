#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "helm-service/adapters/oci_client.h"
#include "helm-service/domain/chart_fetcher.h"
#include "helm-service/domain/chart_repositories.h"
#include "helm-service/domain/http_fetcher.h"
#include "helm-service/domain/sha256.h"
#include "helm-service/domain/source_policy.h"

namespace berth::helm {

/// Fetches charts from web servers, registries and repositories, as far as the policy lets it:
/// asked about every source, and every redirect on the way. Thread safe.
class RemoteChartFetcher final : public ChartFetcher {
 public:
  struct Dependencies {
    HttpFetcher& http;
    ChartRepositories& repositories;
    const SourcePolicy& policy;
  };

  struct Options {
    std::size_t largest_chart = std::size_t{16} << 20;
    /// Speak http:// to registries that do not answer to https://.
    bool allow_plain_http = false;
    /// PEM of the authorities of sources without a repository, in place of the system's; empty for
    /// those.
    std::string ca_pem;
  };

  /// What `dependencies` refer to outlives the fetcher.
  RemoteChartFetcher(const Dependencies& dependencies, Options options)
      : dependencies_(dependencies),
        options_(std::move(options)),
        oci_(dependencies.http, {.largest_chart = options_.largest_chart}) {}

  absl::StatusOr<ChartArchive> Fetch(Chart chart, const Bounds& bounds) override;

 private:
  absl::StatusOr<ChartArchive> FetchArchive(const ResolvedArchive& archive,
                                            const Bounds& bounds) const;
  absl::StatusOr<ChartArchive> FetchOci(const OciChart& chart,
                                        const OciClient::Access& access) const;
  absl::StatusOr<ChartArchive> FetchFromRepository(const RepositoryChart& chart,
                                                   const Bounds& bounds) const;
  OciClient::Access AccessTo(const Bounds& bounds) const;

  const Dependencies dependencies_;
  const Options options_;
  const OciClient oci_;
};

}  // namespace berth::helm
