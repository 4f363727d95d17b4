#pragma once

#include <grpcpp/grpcpp.h>

#include "common/grpc/stream_registry.h"
#include "common/operation/manager.h"
#include "gateway/domain/exposure_list.h"
#include "gateway/domain/exposure_store.h"

#include "berth/gateway/v1/gateway_service.grpc.pb.h"

namespace berth::gateway {

/// Mutations are callback streams, reads are synchronous.
using GatewayServiceBase = v1::GatewayService::WithCallbackMethod_Deploy<
    v1::GatewayService::WithCallbackMethod_Undeploy<v1::GatewayService::WithCallbackMethod_Expose<
        v1::GatewayService::WithCallbackMethod_Unexpose<v1::GatewayService::Service>>>>;

/// Serves GatewayService: mutations become operations, reads are answered at once. Thread safe; its
/// parts outlive it.
class GatewayServiceImpl final : public GatewayServiceBase {
 public:
  struct Parts {
    operation::Manager& manager;
    rpc::StreamRegistry& streams;
    ExposureStore& store;
    ExposureList& exposures;
  };

  explicit GatewayServiceImpl(Parts parts) : parts_(parts) {}

  grpc::ServerWriteReactor<v1::DeployResponse>* Deploy(grpc::CallbackServerContext* context,
                                                       const v1::DeployRequest* request) override;
  grpc::ServerWriteReactor<v1::UndeployResponse>* Undeploy(
      grpc::CallbackServerContext* context, const v1::UndeployRequest* request) override;
  grpc::ServerWriteReactor<v1::ExposeResponse>* Expose(grpc::CallbackServerContext* context,
                                                       const v1::ExposeRequest* request) override;
  grpc::ServerWriteReactor<v1::UnexposeResponse>* Unexpose(
      grpc::CallbackServerContext* context, const v1::UnexposeRequest* request) override;

  grpc::Status GetExposure(grpc::ServerContext* context, const v1::GetExposureRequest* request,
                           v1::GetExposureResponse* response) override;
  grpc::Status ListExposures(grpc::ServerContext* context, const v1::ListExposuresRequest* request,
                             v1::ListExposuresResponse* response) override;

 private:
  const Parts parts_;
};

}  // namespace berth::gateway
