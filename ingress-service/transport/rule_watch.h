#pragma once

#include <grpcpp/grpcpp.h>

#include "common/grpc/stream_registry.h"
#include "ingress-service/domain/rule_feed.h"

#include "berth/ingress/v1/ingress_service.pb.h"

namespace berth::ingress {

/// Serves one WatchRules call: the stream lives until its caller is gone, too slow, or the server
/// stops. Never blocks. The feed outlives the call.
grpc::ServerWriteReactor<v1::WatchRulesResponse>* WatchRules(RuleFeed& feed,
                                                             rpc::StreamRegistry& streams,
                                                             grpc::CallbackServerContext& context,
                                                             const v1::WatchRulesRequest& request);

}  // namespace berth::ingress
