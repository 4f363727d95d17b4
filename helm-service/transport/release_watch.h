#pragma once

#include <grpcpp/grpcpp.h>

#include "common/grpc/stream_registry.h"
#include "helm-service/domain/release_catalog.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::helm {

/// Serves one WatchReleases call: the stream lives until its caller is gone, too slow, or the
/// server stops. Never blocks.
grpc::ServerWriteReactor<v1::WatchReleasesResponse>* WatchReleases(
    ReleaseCatalog& catalog, rpc::StreamRegistry& streams, grpc::CallbackServerContext& context,
    const v1::WatchReleasesRequest& request);

}  // namespace berth::helm
