#include "helm-service/domain/repository_charts.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/sha256.h"

namespace berth::helm {
namespace {

absl::Status BadEntry(const RepositoryName& repository, const ChartName& chart,
                      std::string_view version, std::string_view why) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE,
               fmt::format("chart repository \"{}\": the index's entry for {} {} {}",
                           repository.value(), chart.value(), version, why));
}

}  // namespace

absl::Status ChartNotFound(const RepositoryName& repository, const ChartName& chart,
                           const VersionConstraint& versions) {
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CHART_NOT_FOUND,
               fmt::format("chart repository \"{}\" has no chart \"{}\" in a version within \"{}\"",
                           repository.value(), chart.value(), versions.text()))
      .WithMetadata("repository", repository.value())
      .WithMetadata("chart", chart.value());
}

absl::StatusOr<ResolvedChart> RepositoryCharts::Resolve(const RepositoryName& repository,
                                                        const ChartName& chart,
                                                        const VersionConstraint& versions) {
  ASSIGN_OR_RETURN(const ChartRepository found, store_.Get(repository));
  switch (found.type()) {
    case RepositoryType::kHttp:
      return ResolveInIndex(found, chart, versions);
    case RepositoryType::kOci:
      break;
  }
  return InRegistry(found, chart);
}

absl::StatusOr<ResolvedChart> RepositoryCharts::ResolveInIndex(const ChartRepository& repository,
                                                               const ChartName& chart,
                                                               const VersionConstraint& versions) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const ChartIndex> index,
                   indexes_.Get(repository, Freshness::kRecent));
  const IndexedChart* const entry = index->Find(chart);
  const std::optional<std::size_t> chosen =
      entry == nullptr ? std::nullopt : versions.Choose(entry->VersionTexts());
  if (!chosen.has_value()) return ChartNotFound(repository.name, chart, versions);
  const IndexedVersion& version = entry->versions[*chosen];
  const absl::StatusOr<SourceUrl> url = repository.url.Resolve(version.url);
  if (!url.ok() || url->scheme() == "oci") {
    return BadEntry(repository.name, chart, version.version, "has no URL to fetch");
  }
  RETURN_IF_ERROR(policy_.CheckUrl(url->ToString()));
  ResolvedArchive archive{.version = std::string(version.version),
                          .url = url->ToString(),
                          .credentials_for_redirects = repository.pass_credentials};
  if (!version.digest.empty()) {
    const absl::StatusOr<Sha256> digest = Sha256::Parse(version.digest);
    if (!digest.ok()) {
      return BadEntry(repository.name, chart, version.version, "has a digest that is no SHA-256");
    }
    archive.sha256 = digest->hex();
  }
  if (repository.pass_credentials || url->origin() == repository.url.origin()) {
    ASSIGN_OR_RETURN(archive.credentials, store_.ReadCredentials(repository));
  }
  return archive;
}

absl::StatusOr<RegistryChart> RepositoryCharts::InRegistry(const ChartRepository& repository,
                                                           const ChartName& chart) {
  RegistryChart found{.reference = repository.url.File(chart.value()),
                      .credentials_for_redirects = repository.pass_credentials};
  RETURN_IF_ERROR(policy_.CheckUrl(found.reference));
  ASSIGN_OR_RETURN(found.credentials, store_.ReadCredentials(repository));
  return found;
}

}  // namespace berth::helm
