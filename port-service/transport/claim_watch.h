#pragma once

#include <grpcpp/grpcpp.h>

#include "common/grpc/stream_registry.h"
#include "port-service/domain/claim_feed.h"
#include "port-service/domain/pools.h"

#include "berth/port/v1/port_service.pb.h"

namespace berth::port {

/// Serves one WatchClaims call: the stream lives until its caller is gone, too slow, or the server
/// stops. Never blocks. Feed and pools must outlive the call.
grpc::ServerWriteReactor<v1::WatchClaimsResponse>* WatchClaims(
    ClaimFeed& feed, Pools& pools, rpc::StreamRegistry& streams,
    grpc::CallbackServerContext& context, const v1::WatchClaimsRequest& request);

}  // namespace berth::port
