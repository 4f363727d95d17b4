#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <string>

#include "common/operation/manager.h"

#include "berth/operation/v1/operation_service.grpc.pb.h"

namespace berth::rpc {
class StreamRegistry;
}

namespace berth::operation {

/// Serves OperationService from a manager. Short calls are synchronous, watches are callback
/// streams. Both arguments outlive the server.
class OperationServiceImpl final : public v1::OperationService::WithCallbackMethod_WatchOperation<
                                       v1::OperationService::Service> {
 public:
  /// Who calls, as authenticated.
  using CallerOf = std::function<std::string(const grpc::ServerContextBase&)>;

  OperationServiceImpl(Manager& manager, rpc::StreamRegistry& streams, CallerOf caller_of);

  grpc::Status GetOperation(grpc::ServerContext* context, const v1::GetOperationRequest* request,
                            v1::GetOperationResponse* response) override;
  grpc::Status ListOperations(grpc::ServerContext* context,
                              const v1::ListOperationsRequest* request,
                              v1::ListOperationsResponse* response) override;
  grpc::Status CancelOperation(grpc::ServerContext* context,
                               const v1::CancelOperationRequest* request,
                               v1::CancelOperationResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchOperationResponse>* WatchOperation(
      grpc::CallbackServerContext* context, const v1::WatchOperationRequest* request) override;

 private:
  Manager& manager_;
  rpc::StreamRegistry& streams_;
  const CallerOf caller_of_;
};

}  // namespace berth::operation
