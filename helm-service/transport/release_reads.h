#pragma once

#include "absl/status/statusor.h"
#include "helm-service/domain/release_catalog.h"
#include "helm-service/domain/release_reader.h"
#include "helm-service/domain/release_store.h"
#include "helm-service/domain/secret_policy.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::helm {

/// The reading RPCs of HelmService but WatchReleases. They block for some API requests at most.

absl::StatusOr<v1::GetReleaseResponse> GetRelease(ReleaseStore& releases,
                                                  const v1::GetReleaseRequest& request);
absl::StatusOr<v1::ListReleasesResponse> ListReleases(ReleaseCatalog& catalog,
                                                      const v1::ListReleasesRequest& request);
absl::StatusOr<v1::ListReleaseRevisionsResponse> ListReleaseRevisions(
    ReleaseReader& reader, const v1::ListReleaseRevisionsRequest& request);
absl::StatusOr<v1::GetReleaseValuesResponse> GetReleaseValues(
    ReleaseStore& releases, ReleaseReader& reader, const v1::GetReleaseValuesRequest& request);
absl::StatusOr<v1::GetReleaseManifestResponse> GetReleaseManifest(
    ReleaseStore& releases, const SecretPolicy& policy,
    const v1::GetReleaseManifestRequest& request);
absl::StatusOr<v1::ListReleaseHooksResponse> ListReleaseHooks(
    ReleaseStore& releases, const SecretPolicy& policy, const v1::ListReleaseHooksRequest& request);

}  // namespace berth::helm
