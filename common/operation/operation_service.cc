#include "common/operation/operation_service.h"

#include <memory>
#include <utility>

#include "common/grpc/stream_registry.h"
#include "common/grpc/stream_writer.h"
#include "common/grpc/unary.h"
#include "common/operation/forwarded_watch.h"
#include "common/operation/watch_pump.h"
#include "common/status/macros.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"

namespace berth::operation {
namespace {

// A watch has done its work when it told the end, whatever that was.
absl::Status PushWatchEnd(rpc::StreamWriter<v1::WatchOperationResponse>& stream,
                          const Outcome& outcome) {
  v1::WatchOperationResponse response;
  if (outcome.ok()) {
    *response.mutable_result() = *outcome;
  } else {
    *response.mutable_error() = ToRpcStatus(outcome.status());
  }
  stream.Push(std::move(response));
  return absl::OkStatus();
}

}  // namespace

OperationServiceImpl::OperationServiceImpl(Manager& manager, rpc::StreamRegistry& streams,
                                           CallerOf caller_of)
    : manager_(manager), streams_(streams), caller_of_(std::move(caller_of)) {}

grpc::Status OperationServiceImpl::GetOperation(grpc::ServerContext*,
                                                const v1::GetOperationRequest* request,
                                                v1::GetOperationResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::GetOperationResponse> {
    v1::GetOperationResponse answer;
    ASSIGN_OR_RETURN(*answer.mutable_operation(), manager_.Get(request->name()));
    return answer;
  });
}

grpc::Status OperationServiceImpl::ListOperations(grpc::ServerContext*,
                                                  const v1::ListOperationsRequest* request,
                                                  v1::ListOperationsResponse* response) {
  return rpc::Unary(*response, [&] { return manager_.List(*request); });
}

grpc::Status OperationServiceImpl::CancelOperation(grpc::ServerContext* context,
                                                   const v1::CancelOperationRequest* request,
                                                   v1::CancelOperationResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::CancelOperationResponse> {
    v1::CancelOperationResponse answer;
    if (request->request_id().empty()) {
      ASSIGN_OR_RETURN(*answer.mutable_operation(), manager_.Cancel(request->name()));
      return answer;
    }
    if (!request->name().empty()) return InvalidField("request_id", "goes in place of name");
    if (request->method().empty()) return InvalidField("method", "goes with request_id");
    ASSIGN_OR_RETURN(
        *answer.mutable_operation(),
        manager_.CancelRequest(caller_of_(*context), request->method(), request->request_id()));
    return answer;
  });
}

grpc::ServerWriteReactor<v1::WatchOperationResponse>* OperationServiceImpl::WatchOperation(
    grpc::CallbackServerContext* context, const v1::WatchOperationRequest* request) {
  auto pump = WatchPump<v1::WatchOperationResponse>::Open(streams_, *context, &PushWatchEnd);
  const bool forwarded = context->client_metadata().contains(kForwardedKey);
  manager_.Post(
      [this, pump, name = request->name(), after = request->after_sequence(),
       forwarding = forwarded ? Manager::Forwarding::kForbidden : Manager::Forwarding::kAllowed] {
        pump->Follow(manager_, name, after, forwarding);
      });
  return pump->reactor();
}

}  // namespace berth::operation
