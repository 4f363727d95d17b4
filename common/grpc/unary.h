#pragma once

#include <grpcpp/support/status.h>

#include <utility>

#include "absl/status/statusor.h"
#include "common/status/grpc_status.h"

namespace berth::rpc {

/// Runs the body of a synchronous unary handler and answers with what it returns:
///
///   grpc::Status GetPool(grpc::ServerContext*, const GetPoolRequest* request, GetPoolResponse*
///   response) override {
///     return rpc::Unary(*response, [&]() -> absl::StatusOr<GetPoolResponse> { ... });
///   }
///
/// The request's log line and metrics come from the server (server.h), for every call alike.
template <typename Response, typename Body>
grpc::Status Unary(Response& response, Body&& body) {
  absl::StatusOr<Response> result = std::forward<Body>(body)();
  if (!result.ok()) {
    return ToGrpcStatus(result.status());
  }
  response = *std::move(result);
  return grpc::Status::OK;
}

}  // namespace berth::rpc
