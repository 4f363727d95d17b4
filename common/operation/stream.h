#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "common/grpc/stream_registry.h"
#include "common/grpc/stream_writer.h"
#include "common/operation/manager.h"
#include "common/operation/run_options.h"
#include "common/operation/spec.h"
#include "common/operation/watch_pump.h"
#include "common/status/rpc_status.h"

#include "berth/operation/v1/run_options.pb.h"

namespace berth::operation {

/// The end of a stream that created or joined an operation: its last message, and the status that
/// the stream ends with, which is the operation's own.
template <typename Response>
absl::Status PushEnd(rpc::StreamWriter<Response>& stream, const Outcome& outcome) {
  Response response;
  absl::Status status = outcome.status();
  if (status.ok() && !outcome->UnpackTo(response.mutable_result())) {
    status = Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                   "the operation's result is of another method");
  }
  if (!status.ok()) *response.mutable_error() = ToRpcStatus(status);
  stream.Push(std::move(response));
  return status;
}

/// Serves one call of an RPC that creates an operation and streams its updates.
///
/// `Response` is the RPC's response with `oneof { update, result, error }`, `request` has the field
/// `run`. `spec` is the handler's answer after it has validated the request: method, target, caller
/// and ticket; the rest is taken from `run`. An error in `spec` ends the stream; validate_only ends
/// it without a message. Never blocks: the operation is made durable on one of the manager's
/// threads, which outlives the call. The reactor owns itself.
///
///   return operation::Serve<InstallReleaseResponse>(manager_, streams_, *context, *request,
///                                                   ToSpec(*request, CallerOf(*context)));
template <typename Response, typename Request>
grpc::ServerWriteReactor<Response>* Serve(Manager& manager, rpc::StreamRegistry& streams,
                                          grpc::CallbackServerContext& context,
                                          const Request& request, absl::StatusOr<Spec> spec) {
  auto pump = WatchPump<Response>::Open(streams, context, &PushEnd<Response>);
  spec = WithRunOptions(std::move(spec), request.run());
  if (!spec.ok() || request.run().validate_only()) {
    pump->Finish(spec.status());
    return pump->reactor();
  }
  manager.Post([&manager, pump, spec = *std::move(spec), detach = request.run().detach(),
                input = std::make_shared<const Request>(request)] {
    const absl::StatusOr<Manager::Started> started = manager.StartOrJoin(spec, input);
    if (!started.ok()) return pump->Finish(started.status());
    pump->Accept(*started);
    if (detach) return pump->Finish(absl::OkStatus());
    pump->Follow(manager, started->name, 0, Manager::Forwarding::kAllowed);
  });
  return pump->reactor();
}

}  // namespace berth::operation
