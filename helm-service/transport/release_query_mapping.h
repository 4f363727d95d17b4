#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "helm-service/domain/release_catalog.h"
#include "helm-service/domain/release_query.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::helm {

/// Which releases a list is to show, every field checked. Errors: INVALID_ARGUMENT (INVALID_FIELD
/// with all fields at fault, INVALID_PAGE_TOKEN).
absl::StatusOr<ReleaseCatalog::Request> ToCatalogRequest(const v1::ListReleasesRequest& request);

/// The token of the page behind `more_after`.
std::string NextPageToken(const v1::ListReleasesRequest& request, std::string_view more_after);

/// Which releases a watch is to tell of. Errors: INVALID_ARGUMENT (INVALID_FIELD).
absl::StatusOr<ReleaseFilter> ToFilter(const v1::WatchReleasesRequest& request);

}  // namespace berth::helm
