#include "gateway/transport/gateway_service.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/grpc/caller.h"
#include "common/grpc/page_token.h"
#include "common/grpc/unary.h"
#include "common/operation/stream.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "gateway/transport/deploy_operation.h"
#include "gateway/transport/expose_operation.h"
#include "gateway/transport/exposure_proto.h"
#include "gateway/transport/requests.h"
#include "gateway/transport/undeploy_operation.h"
#include "gateway/transport/unexpose_operation.h"

namespace berth::gateway {
namespace {

operation::Spec SpecOf(const char* method, const Namespace& ns, const std::string& name,
                       const grpc::ServerContextBase& context) {
  return {.method = method,
          .target_namespace = ns.str(),
          .target_name = name,
          .caller = rpc::CallerOf(context)};
}

/// Deploy and Undeploy hold the release's turn from first step to last.
operation::Spec WithTurn(operation::Spec spec) {
  spec.takes_release_ticket = true;
  return spec;
}

absl::StatusOr<operation::Spec> ToSpec(const v1::DeployRequest& request,
                                       const grpc::ServerContextBase& context) {
  ASSIGN_OR_RETURN(const DeployWish wish, ParseDeploy(request));
  return WithTurn(
      SpecOf(DeployOperation::kMethod, wish.release.ns, wish.release.name.str(), context));
}

absl::StatusOr<operation::Spec> ToSpec(const v1::UndeployRequest& request,
                                       const grpc::ServerContextBase& context) {
  ASSIGN_OR_RETURN(const ReleaseKey release, ParseUndeploy(request));
  return WithTurn(SpecOf(UndeployOperation::kMethod, release.ns, release.name.str(), context));
}

absl::StatusOr<operation::Spec> ToSpec(const v1::ExposeRequest& request,
                                       const grpc::ServerContextBase& context) {
  ASSIGN_OR_RETURN(const ExposeWish wish, ParseExpose(request));
  return SpecOf(ExposeOperation::kMethod, wish.key.ns, wish.key.name.str(), context);
}

absl::StatusOr<operation::Spec> ToSpec(const v1::UnexposeRequest& request,
                                       const grpc::ServerContextBase& context) {
  ASSIGN_OR_RETURN(const UnexposeWish wish, ParseUnexpose(request));
  return SpecOf(UnexposeOperation::kMethod, wish.key.ns, wish.key.name.str(), context);
}

absl::Status NoExposure(const ExposureKey& key) {
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_EXPOSURE_NOT_FOUND,
               "no exposure " + key.ToString());
}

/// Whether the exposure comes after the last one of the page before, "<namespace>/<name>".
bool ComesAfter(const Exposure& exposure, const std::string& last) {
  if (last.empty()) {
    return true;
  }
  const std::size_t slash = last.find('/');
  const std::string ns = last.substr(0, slash);
  return exposure.key.ns.str() != ns ? exposure.key.ns.str() > ns
                                     : exposure.key.name.str() > last.substr(slash + 1);
}

}  // namespace

grpc::ServerWriteReactor<v1::DeployResponse>* GatewayServiceImpl::Deploy(
    grpc::CallbackServerContext* context, const v1::DeployRequest* request) {
  return operation::Serve<v1::DeployResponse>(parts_.manager, parts_.streams, *context, *request,
                                              ToSpec(*request, *context));
}

grpc::ServerWriteReactor<v1::UndeployResponse>* GatewayServiceImpl::Undeploy(
    grpc::CallbackServerContext* context, const v1::UndeployRequest* request) {
  return operation::Serve<v1::UndeployResponse>(parts_.manager, parts_.streams, *context, *request,
                                                ToSpec(*request, *context));
}

grpc::ServerWriteReactor<v1::ExposeResponse>* GatewayServiceImpl::Expose(
    grpc::CallbackServerContext* context, const v1::ExposeRequest* request) {
  return operation::Serve<v1::ExposeResponse>(parts_.manager, parts_.streams, *context, *request,
                                              ToSpec(*request, *context));
}

grpc::ServerWriteReactor<v1::UnexposeResponse>* GatewayServiceImpl::Unexpose(
    grpc::CallbackServerContext* context, const v1::UnexposeRequest* request) {
  return operation::Serve<v1::UnexposeResponse>(parts_.manager, parts_.streams, *context, *request,
                                                ToSpec(*request, *context));
}

grpc::Status GatewayServiceImpl::GetExposure(grpc::ServerContext*,
                                             const v1::GetExposureRequest* request,
                                             v1::GetExposureResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::GetExposureResponse> {
    ASSIGN_OR_RETURN(const ExposureKey key, ParseGetExposure(*request));
    ASSIGN_OR_RETURN(const std::optional<Exposure> exposure, parts_.store.Get(key));
    if (!exposure.has_value()) {
      return NoExposure(key);
    }
    v1::GetExposureResponse found;
    *found.mutable_exposure() = ToProto(*exposure);
    return found;
  });
}

grpc::Status GatewayServiceImpl::ListExposures(grpc::ServerContext*,
                                               const v1::ListExposuresRequest* request,
                                               v1::ListExposuresResponse* response) {
  return rpc::Unary(*response, [&]() -> absl::StatusOr<v1::ListExposuresResponse> {
    const std::string& ns = request->namespace_();
    if (!ns.empty()) {
      FieldViolations violations;
      violations.AddAll("namespace", Namespace::Parse(ns).status());
      RETURN_IF_ERROR(violations.ToStatus());
    }
    ASSIGN_OR_RETURN(const rpc::PageRequest page,
                     rpc::ParsePageRequest(request->page_size(), request->page_token(), ns));
    v1::ListExposuresResponse list;
    for (const Exposure& exposure : parts_.exposures.Exposures(ns)) {
      if (!ComesAfter(exposure, page.after)) {
        continue;
      }
      if (list.exposures_size() == page.size) {
        const v1::Exposure& last = *list.exposures().rbegin();
        list.set_next_page_token(rpc::NextPageToken(last.namespace_() + "/" + last.name(), ns));
        break;
      }
      *list.add_exposures() = ToProto(exposure);
    }
    return list;
  });
}

}  // namespace berth::gateway
