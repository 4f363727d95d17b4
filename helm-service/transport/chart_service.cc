#include "helm-service/transport/chart_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "common/grpc/page_token.h"
#include "common/grpc/unary.h"
#include "common/status/macros.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "helm-service/domain/chart_search.h"
#include "helm-service/domain/registry_check.h"
#include "helm-service/domain/repository_charts.h"
#include "helm-service/domain/version_constraint.h"
#include "helm-service/transport/chart_mapping.h"
#include "helm-service/transport/get_chart.h"

namespace berth::helm {
namespace {

constexpr std::chrono::seconds kLongestChartFetch{60};

RepositoryEffect EffectOf(bool validate_only) {
  return validate_only ? RepositoryEffect::kCheck : RepositoryEffect::kApply;
}

// A query or fragment could hold a credential, and would be in every answer.
std::optional<SourceUrl> ToUrl(const std::string& text, FieldViolations& violations) {
  absl::StatusOr<SourceUrl> url = SourceUrl::Parse(text);
  if (!url.ok()) {
    violations.Add("url", std::string(url.status().message()));
    return std::nullopt;
  }
  if (text.find('?') != std::string::npos) {
    violations.Add("url", "must be without a query: what is secret goes into the credentials");
    return std::nullopt;
  }
  return *std::move(url);
}

absl::StatusOr<VersionConstraint> ToConstraint(const std::string& text) {
  absl::StatusOr<VersionConstraint> constraint = VersionConstraint::Parse(text);
  if (!constraint.ok()) {
    return InvalidField("version_constraint", std::string(constraint.status().message()));
  }
  return constraint;
}

// From the newest; what is no version comes to nothing.
std::vector<v1::ChartVersion> Ordered(const ChartRepository& repository, const ChartName& chart,
                                      const std::vector<std::string>& versions) {
  std::vector<std::pair<SemanticVersion, const std::string*>> ordered;
  for (const std::string& text : versions) {
    absl::StatusOr<SemanticVersion> version = SemanticVersion::Parse(text);
    if (version.ok()) ordered.emplace_back(*std::move(version), &text);
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& left, const auto& right) {
    return left.first != right.first ? left.first > right.first : *left.second > *right.second;
  });
  std::vector<v1::ChartVersion> protos;
  protos.reserve(ordered.size());
  for (const auto& [version, text] : ordered) {
    protos.push_back(ToProto(repository.name.value(), chart.value(), {.version = *text}));
  }
  return protos;
}

// Where the page after the version `after` begins; if that one is gone, where it would be.
std::size_t PageBegin(const std::vector<v1::ChartVersion>& versions, const std::string& after) {
  if (after.empty()) return 0;
  const auto exact =
      std::find_if(versions.begin(), versions.end(),
                   [&](const v1::ChartVersion& version) { return version.version() == after; });
  if (exact != versions.end()) return exact - versions.begin() + 1;
  const absl::StatusOr<SemanticVersion> bound = SemanticVersion::Parse(after);
  if (!bound.ok()) return versions.size();
  const auto older =
      std::find_if(versions.begin(), versions.end(), [&](const v1::ChartVersion& version) {
        const auto parsed = SemanticVersion::Parse(version.version());
        return parsed.ok() && *parsed < *bound;
      });
  return older - versions.begin();
}

}  // namespace

grpc::Status ChartServiceImpl::GetChart(grpc::ServerContext* context,
                                        const v1::GetChartRequest* request,
                                        v1::GetChartResponse* response) {
  const auto now = std::chrono::system_clock::now();
  const auto left =
      std::min<std::chrono::system_clock::duration>(context->deadline() - now, kLongestChartFetch);
  return rpc::Unary(*response, [&] {
    return helm::GetChart(parts_.fetcher, *request, std::chrono::steady_clock::now() + left);
  });
}

grpc::Status ChartServiceImpl::CreateChartRepository(
    grpc::ServerContext*, const v1::CreateChartRepositoryRequest* request,
    v1::CreateChartRepositoryResponse* response) {
  return rpc::Unary(*response, [&] { return Create(*request); });
}

grpc::Status ChartServiceImpl::UpdateChartRepository(
    grpc::ServerContext*, const v1::UpdateChartRepositoryRequest* request,
    v1::UpdateChartRepositoryResponse* response) {
  return rpc::Unary(*response, [&] { return Update(*request); });
}

grpc::Status ChartServiceImpl::DeleteChartRepository(
    grpc::ServerContext*, const v1::DeleteChartRepositoryRequest* request,
    v1::DeleteChartRepositoryResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::DeleteChartRepositoryResponse> {
    ASSIGN_OR_RETURN(const RepositoryName name, ToRepositoryName("name", request->name()));
    RETURN_IF_ERROR(
        parts_.editor.Delete(name, request->etag(), EffectOf(request->validate_only())));
    return v1::DeleteChartRepositoryResponse();
  });
}

grpc::Status ChartServiceImpl::GetChartRepository(grpc::ServerContext*,
                                                  const v1::GetChartRepositoryRequest* request,
                                                  v1::GetChartRepositoryResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::GetChartRepositoryResponse> {
    ASSIGN_OR_RETURN(const RepositoryName name, ToRepositoryName("name", request->name()));
    ASSIGN_OR_RETURN(const ChartRepository repository, parts_.store.Get(name));
    v1::GetChartRepositoryResponse answer;
    ASSIGN_OR_RETURN(*answer.mutable_repository(), Describe(repository));
    return answer;
  });
}

grpc::Status ChartServiceImpl::ListChartRepositories(
    grpc::ServerContext*, const v1::ListChartRepositoriesRequest* request,
    v1::ListChartRepositoriesResponse* response) {
  return rpc::Unary(*response, [&] { return List(*request); });
}

grpc::Status ChartServiceImpl::RefreshChartRepository(
    grpc::ServerContext*, const v1::RefreshChartRepositoryRequest* request,
    v1::RefreshChartRepositoryResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::RefreshChartRepositoryResponse> {
    ASSIGN_OR_RETURN(const RepositoryName name, ToRepositoryName("name", request->name()));
    ASSIGN_OR_RETURN(const ChartRepository before, parts_.store.Get(name));
    RETURN_IF_ERROR(Refresh(before));
    ASSIGN_OR_RETURN(const ChartRepository after, parts_.store.Get(name));
    v1::RefreshChartRepositoryResponse answer;
    ASSIGN_OR_RETURN(*answer.mutable_repository(), Describe(after));
    return answer;
  });
}

grpc::Status ChartServiceImpl::SearchCharts(grpc::ServerContext*,
                                            const v1::SearchChartsRequest* request,
                                            v1::SearchChartsResponse* response) {
  return rpc::Unary(*response, [&] { return Search(*request); });
}

grpc::Status ChartServiceImpl::ListChartVersions(grpc::ServerContext*,
                                                 const v1::ListChartVersionsRequest* request,
                                                 v1::ListChartVersionsResponse* response) {
  return rpc::Unary(*response, [&] { return ListVersions(*request); });
}

absl::StatusOr<v1::CreateChartRepositoryResponse> ChartServiceImpl::Create(
    const v1::CreateChartRepositoryRequest& request) {
  FieldViolations violations;
  const absl::StatusOr<RepositoryName> name = RepositoryName::Parse(request.name());
  if (!name.ok()) violations.Add("name", std::string(name.status().message()));
  const std::optional<SourceUrl> url = ToUrl(request.url(), violations);
  const RepositoryCredentials credentials =
      ToCredentials(request.credentials(), "credentials", violations);
  RETURN_IF_ERROR(violations.ToStatus());
  RETURN_IF_ERROR(parts_.policy.CheckUrl(url->ToString()));
  ASSIGN_OR_RETURN(
      const ChartRepository created,
      parts_.editor.Create(*name, *url, credentials, EffectOf(request.validate_only())));
  v1::CreateChartRepositoryResponse answer;
  *answer.mutable_repository() = ToProto(created, CredentialKinds::Of(credentials.http));
  return answer;
}

absl::StatusOr<v1::UpdateChartRepositoryResponse> ChartServiceImpl::Update(
    const v1::UpdateChartRepositoryRequest& request) {
  FieldViolations violations;
  const absl::StatusOr<RepositoryName> name = RepositoryName::Parse(request.name());
  if (!name.ok()) violations.Add("name", std::string(name.status().message()));
  RepositoryChange change{.etag = request.etag()};
  if (request.has_url()) change.url = ToUrl(request.url(), violations);
  if (request.has_credentials()) {
    change.credentials = ToCredentials(request.credentials(), "credentials", violations);
  }
  RETURN_IF_ERROR(violations.ToStatus());
  if (change.url.has_value()) RETURN_IF_ERROR(parts_.policy.CheckUrl(change.url->ToString()));
  const RepositoryEffect effect = EffectOf(request.validate_only());
  ASSIGN_OR_RETURN(ChartRepository repository, parts_.editor.Update(*name, change, effect));
  // A check answers with what is stored, not with what would be.
  if (request.validate_only()) {
    ASSIGN_OR_RETURN(repository, parts_.store.Get(*name));
  }
  v1::UpdateChartRepositoryResponse answer;
  ASSIGN_OR_RETURN(*answer.mutable_repository(), Describe(repository));
  return answer;
}

absl::StatusOr<v1::ListChartRepositoriesResponse> ChartServiceImpl::List(
    const v1::ListChartRepositoriesRequest& request) {
  constexpr std::string_view kFilter = "repositories";
  ASSIGN_OR_RETURN(const rpc::PageRequest page,
                   rpc::ParsePageRequest(request.page_size(), request.page_token(), kFilter));
  ASSIGN_OR_RETURN(std::vector<ChartRepository> repositories, parts_.store.List());
  std::erase_if(repositories, [&](const ChartRepository& repository) {
    return repository.name.value() <= page.after;
  });
  const std::size_t size = std::min(repositories.size(), static_cast<std::size_t>(page.size));
  v1::ListChartRepositoriesResponse answer;
  for (std::size_t i = 0; i < size; ++i) {
    ASSIGN_OR_RETURN(*answer.add_repositories(), Describe(repositories[i]));
  }
  if (size < repositories.size()) {
    answer.set_next_page_token(rpc::NextPageToken(repositories[size - 1].name.value(), kFilter));
  }
  return answer;
}

absl::Status ChartServiceImpl::Refresh(const ChartRepository& repository) {
  switch (repository.type()) {
    case RepositoryType::kHttp:
      return parts_.indexes.Get(repository, Freshness::kNow).status();
    case RepositoryType::kOci:
      break;
  }
  return CheckRegistry(parts_.store, parts_.policy, repository);
}

absl::StatusOr<v1::SearchChartsResponse> ChartServiceImpl::Search(
    const v1::SearchChartsRequest& request) {
  constexpr std::size_t kLongestQuery = 256;
  if (request.query().size() > kLongestQuery) {
    return InvalidField("query", "must be at most 256 characters");
  }
  const std::string filter = fmt::format("charts {} {} {}", request.query(),
                                         request.version_constraint(), request.repository());
  ASSIGN_OR_RETURN(const rpc::PageRequest page,
                   rpc::ParsePageRequest(request.page_size(), request.page_token(), filter));
  ChartQuery query{.words = ChartQuery::Words(request.query())};
  ASSIGN_OR_RETURN(query.versions, ToConstraint(request.version_constraint()));
  ASSIGN_OR_RETURN(const std::vector<ChartRepository> repositories,
                   RepositoriesToSearch(request.repository()));
  v1::SearchChartsResponse answer;
  // Hits point into the indexes.
  std::vector<std::shared_ptr<const ChartIndex>> indexes;
  std::vector<ChartHit> hits;
  for (const ChartRepository& repository : repositories) {
    auto index = parts_.indexes.Get(repository, Freshness::kRecent);
    if (!index.ok()) {
      v1::RepositoryProblem& problem = *answer.add_problems();
      problem.set_repository(repository.name.value());
      *problem.mutable_error() = ToRpcStatus(index.status());
      continue;
    }
    for (ChartHit& hit : helm::Search(**index, repository.name, query)) {
      if (hit.order > page.after) hits.push_back(std::move(hit));
    }
    indexes.push_back(*std::move(index));
  }
  std::sort(hits.begin(), hits.end(),
            [](const ChartHit& left, const ChartHit& right) { return left.order < right.order; });
  const std::size_t size = std::min(hits.size(), static_cast<std::size_t>(page.size));
  for (std::size_t i = 0; i < size; ++i) {
    *answer.add_charts() = ToProto(hits[i].repository, hits[i].chart, hits[i].version);
  }
  if (size < hits.size()) {
    answer.set_next_page_token(rpc::NextPageToken(hits[size - 1].order, filter));
  }
  return answer;
}

absl::StatusOr<v1::ListChartVersionsResponse> ChartServiceImpl::ListVersions(
    const v1::ListChartVersionsRequest& request) {
  const std::string filter = fmt::format("versions {} {} {}", request.repository(), request.chart(),
                                         request.version_constraint());
  ASSIGN_OR_RETURN(const rpc::PageRequest page,
                   rpc::ParsePageRequest(request.page_size(), request.page_token(), filter));
  ASSIGN_OR_RETURN(const RepositoryName name, ToRepositoryName("repository", request.repository()));
  ASSIGN_OR_RETURN(const ChartName chart, ToChartName("chart", request.chart()));
  ASSIGN_OR_RETURN(const VersionConstraint constraint, ToConstraint(request.version_constraint()));
  ASSIGN_OR_RETURN(const ChartRepository repository, parts_.store.Get(name));
  ASSIGN_OR_RETURN(std::vector<v1::ChartVersion> versions, AllVersions(repository, chart));
  if (!request.version_constraint().empty()) {
    std::erase_if(versions, [&](const v1::ChartVersion& version) {
      const auto parsed = SemanticVersion::Parse(version.version());
      return !parsed.ok() || !constraint.Allows(*parsed);
    });
  }
  const std::size_t begin = PageBegin(versions, page.after);
  const std::size_t end = std::min(versions.size(), begin + static_cast<std::size_t>(page.size));
  v1::ListChartVersionsResponse answer;
  for (std::size_t i = begin; i < end; ++i) *answer.add_versions() = std::move(versions[i]);
  if (end < versions.size()) {
    answer.set_next_page_token(
        rpc::NextPageToken(answer.versions(answer.versions_size() - 1).version(), filter));
  }
  return answer;
}

// A Secret that is not there, or of no use, is no credential.
absl::StatusOr<v1::ChartRepository> ChartServiceImpl::Describe(const ChartRepository& repository) {
  const absl::StatusOr<HttpCredentials> credentials = parts_.store.ReadCredentials(repository);
  if (absl::IsFailedPrecondition(credentials.status())) return ToProto(repository, {});
  RETURN_IF_ERROR(credentials.status());
  return ToProto(repository, CredentialKinds::Of(*credentials));
}

// Those that have an index; the one of this name alone, unless it is empty.
absl::StatusOr<std::vector<ChartRepository>> ChartServiceImpl::RepositoriesToSearch(
    const std::string& name) {
  std::vector<ChartRepository> repositories;
  if (name.empty()) {
    ASSIGN_OR_RETURN(repositories, parts_.store.List());
  } else {
    ASSIGN_OR_RETURN(const RepositoryName parsed, ToRepositoryName("repository", name));
    ASSIGN_OR_RETURN(ChartRepository repository, parts_.store.Get(parsed));
    repositories.push_back(std::move(repository));
  }
  std::erase_if(repositories, [](const ChartRepository& repository) {
    return repository.type() != RepositoryType::kHttp;
  });
  return repositories;
}

absl::StatusOr<std::vector<v1::ChartVersion>> ChartServiceImpl::AllVersions(
    const ChartRepository& repository, const ChartName& chart) {
  if (repository.type() == RepositoryType::kOci) {
    RepositoryCharts charts(parts_.store, parts_.indexes, parts_.policy);
    ASSIGN_OR_RETURN(const RegistryChart in_registry, charts.InRegistry(repository, chart));
    ASSIGN_OR_RETURN(const std::vector<std::string> versions, parts_.registries.List(in_registry));
    return Ordered(repository, chart, versions);
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<const ChartIndex> index,
                   parts_.indexes.Get(repository, Freshness::kRecent));
  const IndexedChart* const found = index->Find(chart);
  if (found == nullptr) {
    return ChartNotFound(repository.name, chart, VersionConstraint::Any());
  }
  std::vector<v1::ChartVersion> versions;
  versions.reserve(found->versions.size());
  for (const IndexedVersion& version : found->versions) {
    versions.push_back(ToProto(repository.name.value(), chart.value(), version));
  }
  return versions;
}

}  // namespace berth::helm
