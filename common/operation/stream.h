#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "common/operation/manager.h"
#include "common/operation/spec.h"

#include "berth/operation/v1/run_options.pb.h"

namespace berth::rpc {
class StreamRegistry;
}

namespace berth::operation {

/// Serves one call of an RPC that creates an operation and streams its updates.
///
/// `Response` is the RPC's response with `oneof { update, result, error }`, `request` has the field
/// `run`. `spec` is the handler's answer after it has validated the request: method, target, caller
/// and ticket; the rest is taken from `run`. An error in `spec` ends the stream; validate_only ends
/// it without a message. Never blocks: the operation is made durable on one of the manager's
/// threads. The reactor owns itself.
///
///   return operation::Serve<InstallReleaseResponse>(manager_, streams_, *context, *request,
///                                                   ToSpec(*request, CallerOf(*context)));
template <typename Response, typename Request>
grpc::ServerWriteReactor<Response>* Serve(Manager& manager, rpc::StreamRegistry& streams,
                                          grpc::CallbackServerContext& context,
                                          const Request& request, absl::StatusOr<Spec> spec);

}  // namespace berth::operation
