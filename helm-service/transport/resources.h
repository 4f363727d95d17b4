#pragma once

#include "absl/status/statusor.h"
#include "common/operation/executor.h"
#include "helm-service/domain/cluster_reader.h"
#include "helm-service/domain/release_store.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::helm {

/// Serves ListReleaseResources. Blocks for an API request per object of the page, of which some run
/// side by side on `helpers`.
absl::StatusOr<v1::ListReleaseResourcesResponse> ListResources(
    ReleaseStore& releases, ClusterReader& cluster, operation::Executor& helpers,
    const v1::ListReleaseResourcesRequest& request);

}  // namespace berth::helm
