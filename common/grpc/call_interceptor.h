#pragma once

#include <grpcpp/support/server_interceptor.h>

#include <memory>

#include "common/metrics/metrics.h"

namespace berth::rpc {

/// Sees every call of a server from beginning to end: writes its log line (method, peer, code,
/// reason, duration; never what was sent), counts it, and gives errors that gRPC made by itself the
/// details that Berth's errors have. A request that could not be parsed, which gRPC answers
/// INTERNAL or UNIMPLEMENTED without a text, leaves as INVALID_ARGUMENT, MALFORMED_REQUEST; one for
/// which no thread was left as UNAVAILABLE, TOO_MANY_CALLS, since it had no effect.
///
/// Metrics: calls_total{method,code}, call_duration_seconds{method}. Calls of health and reflection
/// are logged at debug level.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeCallInterceptors(
    metrics::Registry& metrics);

}  // namespace berth::rpc
