#include "helm-service/transport/helm_service.h"

#include "common/grpc/caller.h"
#include "common/grpc/unary.h"
#include "common/operation/stream.h"
#include "common/status/macros.h"
#include "helm-service/transport/methods.h"
#include "helm-service/transport/release_reads.h"
#include "helm-service/transport/release_watch.h"
#include "helm-service/transport/request_mapping.h"
#include "helm-service/transport/resources.h"

namespace berth::helm {
namespace {

template <typename Request>
absl::StatusOr<operation::Spec> ToSpec(const Request& request, const char* method,
                                       const grpc::CallbackServerContext& context) {
  ASSIGN_OR_RETURN(const Action action, ToAction(request));
  return operation::Spec{.method = method,
                         .target_namespace = action.release.ns.value(),
                         .target_name = action.release.name.value(),
                         .caller = rpc::CallerOf(context),
                         .takes_release_ticket = true};
}

}  // namespace

HelmServiceImpl::HelmServiceImpl(operation::Manager& operations, rpc::StreamRegistry& streams,
                                 ReleaseStore& releases, ReleaseCatalog& catalog,
                                 ReleaseReader& reader, ClusterReader& cluster)
    : operations_(operations),
      streams_(streams),
      releases_(releases),
      catalog_(catalog),
      reader_(reader),
      cluster_(cluster) {}

template <typename Response, typename Request>
grpc::ServerWriteReactor<Response>* HelmServiceImpl::Mutate(grpc::CallbackServerContext& context,
                                                            const Request& request,
                                                            const char* method) {
  return operation::Serve<Response>(operations_, streams_, context, request,
                                    ToSpec(request, method, context));
}

grpc::ServerWriteReactor<v1::InstallReleaseResponse>* HelmServiceImpl::InstallRelease(
    grpc::CallbackServerContext* context, const v1::InstallReleaseRequest* request) {
  return Mutate<v1::InstallReleaseResponse>(*context, *request, kInstallMethod);
}

grpc::ServerWriteReactor<v1::UpgradeReleaseResponse>* HelmServiceImpl::UpgradeRelease(
    grpc::CallbackServerContext* context, const v1::UpgradeReleaseRequest* request) {
  return Mutate<v1::UpgradeReleaseResponse>(*context, *request, kUpgradeMethod);
}

grpc::ServerWriteReactor<v1::RollbackReleaseResponse>* HelmServiceImpl::RollbackRelease(
    grpc::CallbackServerContext* context, const v1::RollbackReleaseRequest* request) {
  return Mutate<v1::RollbackReleaseResponse>(*context, *request, kRollbackMethod);
}

grpc::ServerWriteReactor<v1::UninstallReleaseResponse>* HelmServiceImpl::UninstallRelease(
    grpc::CallbackServerContext* context, const v1::UninstallReleaseRequest* request) {
  return Mutate<v1::UninstallReleaseResponse>(*context, *request, kUninstallMethod);
}

grpc::Status HelmServiceImpl::GetRelease(grpc::ServerContext*, const v1::GetReleaseRequest* request,
                                         v1::GetReleaseResponse* response) {
  return rpc::Unary(*response, [&] { return helm::GetRelease(releases_, *request); });
}

grpc::Status HelmServiceImpl::ListReleases(grpc::ServerContext*,
                                           const v1::ListReleasesRequest* request,
                                           v1::ListReleasesResponse* response) {
  return rpc::Unary(*response, [&] { return helm::ListReleases(catalog_, *request); });
}

grpc::Status HelmServiceImpl::ListReleaseRevisions(grpc::ServerContext*,
                                                   const v1::ListReleaseRevisionsRequest* request,
                                                   v1::ListReleaseRevisionsResponse* response) {
  return rpc::Unary(*response, [&] { return helm::ListReleaseRevisions(reader_, *request); });
}

grpc::Status HelmServiceImpl::GetReleaseValues(grpc::ServerContext*,
                                               const v1::GetReleaseValuesRequest* request,
                                               v1::GetReleaseValuesResponse* response) {
  return rpc::Unary(*response,
                    [&] { return helm::GetReleaseValues(releases_, reader_, *request); });
}

grpc::Status HelmServiceImpl::GetReleaseManifest(grpc::ServerContext*,
                                                 const v1::GetReleaseManifestRequest* request,
                                                 v1::GetReleaseManifestResponse* response) {
  return rpc::Unary(*response, [&] { return helm::GetReleaseManifest(releases_, *request); });
}

grpc::Status HelmServiceImpl::ListReleaseHooks(grpc::ServerContext*,
                                               const v1::ListReleaseHooksRequest* request,
                                               v1::ListReleaseHooksResponse* response) {
  return rpc::Unary(*response, [&] { return helm::ListReleaseHooks(releases_, *request); });
}

grpc::ServerWriteReactor<v1::WatchReleasesResponse>* HelmServiceImpl::WatchReleases(
    grpc::CallbackServerContext* context, const v1::WatchReleasesRequest* request) {
  return helm::WatchReleases(catalog_, streams_, *context, *request);
}

grpc::Status HelmServiceImpl::ListReleaseResources(grpc::ServerContext*,
                                                   const v1::ListReleaseResourcesRequest* request,
                                                   v1::ListReleaseResourcesResponse* response) {
  return rpc::Unary(*response, [&] { return ListResources(releases_, cluster_, *request); });
}

}  // namespace berth::helm
