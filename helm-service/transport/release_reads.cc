#include "helm-service/transport/release_reads.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/grpc/page_token.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/secret_masking.h"
#include "helm-service/transport/release_mapping.h"
#include "helm-service/transport/release_query_mapping.h"
#include "helm-service/transport/request_mapping.h"
#include "helm-service/transport/values_mapping.h"

namespace berth::helm {
namespace {

struct RevisionName {
  ReleaseKey key;
  int revision = 0;
};

// The revision that a request names; none for the newest.
template <typename Request>
absl::StatusOr<std::optional<int>> AskedRevision(const Request& request) {
  if (request.revision() < 0) return InvalidField("revision", "must not be negative");
  if (request.revision() == 0) return std::nullopt;
  return request.revision();
}

// The same, with the number of the newest.
template <typename Request>
absl::StatusOr<RevisionName> FindRevision(ReleaseStore& releases, const Request& request) {
  ASSIGN_OR_RETURN(ReleaseKey key, ToReleaseKey(request.namespace_(), request.name()));
  ASSIGN_OR_RETURN(const std::optional<int> asked, AskedRevision(request));
  if (asked.has_value()) return RevisionName{std::move(key), *asked};
  ASSIGN_OR_RETURN(const std::optional<RevisionInfo> newest, releases.Newest(key));
  if (!newest.has_value()) return NoSuchRelease(key);
  return RevisionName{std::move(key), newest->revision};
}

absl::StatusOr<std::string> Shown(std::string manifest, SecretValues secrets) {
  if (secrets == SecretValues::kShown) return manifest;
  return MaskManifest(manifest);
}

// Behind which a page of revisions begins, newest first, in digits that sort the other way round.
std::string RevisionKey(int revision) { return fmt::format("{:010}", INT32_MAX - revision); }

}  // namespace

absl::StatusOr<v1::GetReleaseResponse> GetRelease(ReleaseStore& releases,
                                                  const v1::GetReleaseRequest& request) {
  ASSIGN_OR_RETURN(const ReleaseKey key, ToReleaseKey(request.namespace_(), request.name()));
  ASSIGN_OR_RETURN(const std::optional<int> revision, AskedRevision(request));
  ASSIGN_OR_RETURN(const Release release, releases.Read(key, revision));
  v1::GetReleaseResponse response;
  *response.mutable_release() = ToProto(release);
  return response;
}

absl::StatusOr<v1::ListReleasesResponse> ListReleases(ReleaseCatalog& catalog,
                                                      const v1::ListReleasesRequest& request) {
  ASSIGN_OR_RETURN(const ReleaseCatalog::Request wanted, ToCatalogRequest(request));
  ASSIGN_OR_RETURN(const ReleasePage page, catalog.List(wanted));
  v1::ListReleasesResponse response;
  for (const Summary& release : page.releases) *response.add_releases() = ToProto(*release);
  if (page.more_after.has_value()) {
    response.set_next_page_token(NextPageToken(request, *page.more_after));
  }
  return response;
}

absl::StatusOr<v1::ListReleaseRevisionsResponse> ListReleaseRevisions(
    ReleaseReader& reader, const v1::ListReleaseRevisionsRequest& request) {
  ASSIGN_OR_RETURN(const ReleaseKey key, ToReleaseKey(request.namespace_(), request.name()));
  const std::string query = fmt::format("{}/{}", key.ns.value(), key.name.value());
  ASSIGN_OR_RETURN(const rpc::PageRequest page,
                   rpc::ParsePageRequest(request.page_size(), request.page_token(), query));
  ASSIGN_OR_RETURN(std::vector<ReleaseSummary> revisions, reader.Revisions(key));
  if (revisions.empty()) return NoSuchRelease(key);
  v1::ListReleaseRevisionsResponse response;
  std::string last;
  for (ReleaseSummary& revision : revisions) {
    std::string place = RevisionKey(revision.info.revision);
    if (place <= page.after) continue;
    if (response.revisions_size() == page.size) {
      response.set_next_page_token(rpc::NextPageToken(last, query));
      break;
    }
    ASSIGN_OR_RETURN(const ReleaseSummary described, reader.WithFacts(std::move(revision)));
    *response.add_revisions() = ToProto(described);
    last = std::move(place);
  }
  return response;
}

absl::StatusOr<v1::GetReleaseValuesResponse> GetReleaseValues(
    ReleaseStore& releases, ReleaseReader& reader, const v1::GetReleaseValuesRequest& request) {
  if (!v1::GetReleaseValuesRequest::Kind_IsValid(request.kind())) {
    return InvalidField("kind", "must be USER_SUPPLIED or COMPUTED");
  }
  ASSIGN_OR_RETURN(const RevisionName found, FindRevision(releases, request));
  const bool computed = request.kind() == v1::GetReleaseValuesRequest::KIND_COMPUTED;
  ASSIGN_OR_RETURN(const nlohmann::json values,
                   reader.Values(found.key, found.revision,
                                 computed ? ValuesKind::kComputed : ValuesKind::kUserSupplied));
  v1::GetReleaseValuesResponse response;
  response.set_revision(found.revision);
  *response.mutable_values() = ValuesToStruct(values);
  return response;
}

absl::StatusOr<v1::GetReleaseManifestResponse> GetReleaseManifest(
    ReleaseStore& releases, const SecretPolicy& policy,
    const v1::GetReleaseManifestRequest& request) {
  ASSIGN_OR_RETURN(const SecretValues secrets, policy.Decide(request.show_secrets()));
  ASSIGN_OR_RETURN(const RevisionName found, FindRevision(releases, request));
  ASSIGN_OR_RETURN(ReleaseContent content, releases.ReadContent(found.key, found.revision));
  v1::GetReleaseManifestResponse response;
  response.set_revision(found.revision);
  ASSIGN_OR_RETURN(*response.mutable_manifest(), Shown(std::move(content.manifest), secrets));
  return response;
}

absl::StatusOr<v1::ListReleaseHooksResponse> ListReleaseHooks(
    ReleaseStore& releases, const SecretPolicy& policy,
    const v1::ListReleaseHooksRequest& request) {
  ASSIGN_OR_RETURN(const SecretValues secrets, policy.Decide(request.show_secrets()));
  ASSIGN_OR_RETURN(const RevisionName found, FindRevision(releases, request));
  ASSIGN_OR_RETURN(const ReleaseContent content, releases.ReadContent(found.key, found.revision));
  v1::ListReleaseHooksResponse response;
  response.set_revision(found.revision);
  for (const ReleaseHook& hook : content.hooks) {
    ASSIGN_OR_RETURN(std::string manifest, Shown(hook.manifest, secrets));
    *response.add_hooks() = ToProto(hook, std::move(manifest));
  }
  return response;
}

}  // namespace berth::helm
