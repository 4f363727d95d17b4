#include "helm-service/adapters/remote_chart_fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/http/status.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/adapters/source_refusal.h"
#include "helm-service/domain/overloaded.h"
#include "helm-service/domain/semantic_version.h"

namespace berth::helm {
namespace {

using absl::StatusCode;

// Tokens may travel in a query.
std::string WithoutQuery(const std::string& url) { return url.substr(0, url.find('?')); }

// Versions that tags stand for, newest first; others are left out.
std::vector<std::string> VersionsOf(std::vector<std::string> tags) {
  std::vector<std::pair<SemanticVersion, std::string>> versions;
  for (std::string& tag : tags) {
    std::replace(tag.begin(), tag.end(), '_', '+');
    absl::StatusOr<SemanticVersion> version = SemanticVersion::Parse(tag);
    if (version.ok()) versions.emplace_back(*std::move(version), std::move(tag));
  }
  std::stable_sort(versions.begin(), versions.end(),
                   [](const auto& left, const auto& right) { return left.first > right.first; });
  std::vector<std::string> texts;
  texts.reserve(versions.size());
  for (auto& [version, text] : versions) texts.push_back(std::move(text));
  return texts;
}

}  // namespace

absl::StatusOr<ChartArchive> RemoteChartFetcher::Fetch(Chart chart, const Bounds& bounds) {
  return std::visit(Overloaded{
                        [&](ChartArchive&& archive) -> absl::StatusOr<ChartArchive> {
                          RETURN_IF_ERROR(dependencies_.policy.CheckArchives());
                          return std::move(archive);
                        },
                        [&](UrlChart&& url) {
                          return FetchArchive(
                              {.url = url.url.value(),
                               .sha256 = url.sha256.has_value() ? url.sha256->hex() : "",
                               .credentials = {.ca_pem = options_.ca_pem}},
                              bounds);
                        },
                        [&](OciChart&& oci) { return FetchOci(oci, AccessTo(bounds)); },
                        [&](RepositoryChart&& named) { return FetchFromRepository(named, bounds); },
                    },
                    std::move(chart));
}

absl::StatusOr<ChartArchive> RemoteChartFetcher::FetchFromRepository(const RepositoryChart& chart,
                                                                     const Bounds& bounds) const {
  ASSIGN_OR_RETURN(
      const ResolvedChart resolved,
      dependencies_.repositories.Resolve(chart.repository, chart.chart, chart.versions));
  if (const auto* archive = std::get_if<ResolvedArchive>(&resolved)) {
    return FetchArchive(*archive, bounds);
  }
  const auto& registry = std::get<RegistryChart>(resolved);
  ASSIGN_OR_RETURN(OciReference reference, OciReference::Parse(registry.reference));
  OciClient::Access access = AccessTo(bounds);
  access.credentials = registry.credentials;
  access.credentials_for_redirects = registry.credentials_for_redirects;
  return FetchOci({std::move(reference), chart.versions}, access);
}

absl::StatusOr<ChartArchive> RemoteChartFetcher::FetchArchive(const ResolvedArchive& archive,
                                                              const Bounds& bounds) const {
  const FetchRequest request{
      .url = archive.url,
      .credentials = archive.credentials,
      .max_bytes = options_.largest_chart,
      .credentials_for_redirects = archive.credentials_for_redirects,
      .allow_plain_http = options_.allow_plain_http,
      .may_fetch = [this](std::string_view url) { return dependencies_.policy.CheckUrl(url); },
      .deadline = bounds.deadline,
      .stop = bounds.stop};
  ASSIGN_OR_RETURN(FetchResponse response, dependencies_.http.Get(request));
  if (response.status != http::kOk) {
    return WithContext(SourceRefusal(response.status, "chart"), WithoutQuery(archive.url));
  }
  if (!archive.sha256.empty() && Sha256::Of(response.body).hex() != archive.sha256) {
    return Error(StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_DIGEST_MISMATCH,
                 fmt::format("{}: what the server sent is not of the digest asked for",
                             WithoutQuery(archive.url)));
  }
  return ChartArchive{std::move(response.body)};
}

absl::StatusOr<ChartArchive> RemoteChartFetcher::FetchOci(const OciChart& chart,
                                                          const OciClient::Access& access) const {
  RETURN_IF_ERROR(dependencies_.policy.CheckUrl(chart.reference.ToString()));
  OciReference reference = chart.reference;
  if (!reference.tag().has_value() && !reference.digest().has_value()) {
    ASSIGN_OR_RETURN(std::vector<std::string> tags, oci_.ListTags(reference, access));
    const std::vector<std::string> versions = VersionsOf(std::move(tags));
    const std::optional<std::size_t> chosen =
        chart.versions.Choose({versions.begin(), versions.end()});
    if (!chosen.has_value()) {
      return Error(
          StatusCode::kNotFound, Reason::ERROR_REASON_CHART_NOT_FOUND,
          fmt::format("{}: no version is {}", reference.ToString(), chart.versions.text()));
    }
    reference = reference.WithTag(versions[*chosen]);
  }
  ASSIGN_OR_RETURN(OciClient::PulledChart pulled, oci_.Pull(reference, access));
  return ChartArchive{std::move(pulled.archive)};
}

OciClient::Access RemoteChartFetcher::AccessTo(const Bounds& bounds) const {
  return {.credentials = {.ca_pem = options_.ca_pem},
          .allow_plain_http = options_.allow_plain_http,
          .may_fetch = [this](std::string_view url) { return dependencies_.policy.CheckUrl(url); },
          .deadline = bounds.deadline,
          .stop = bounds.stop};
}

}  // namespace berth::helm
