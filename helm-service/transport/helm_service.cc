#include "helm-service/transport/helm_service.h"

#include "common/grpc/caller.h"
#include "common/grpc/unary.h"
#include "common/operation/stream.h"
#include "common/status/macros.h"
#include "helm-service/domain/helm_options.h"
#include "helm-service/transport/methods.h"
#include "helm-service/transport/release_reads.h"
#include "helm-service/transport/release_watch.h"
#include "helm-service/transport/render.h"
#include "helm-service/transport/request_mapping.h"
#include "helm-service/transport/resources.h"

namespace berth::helm {
namespace {

operation::Spec SpecOf(const ReleaseKey& release, const char* method,
                       const grpc::CallbackServerContext& context) {
  return {.method = method,
          .target_namespace = release.ns.value(),
          .target_name = release.name.value(),
          .caller = rpc::CallerOf(context),
          .takes_release_ticket = true};
}

template <typename Request>
absl::StatusOr<operation::Spec> ToSpec(const Request& request, const char* method,
                                       const HelmVersion& helm,
                                       const grpc::CallbackServerContext& context) {
  ASSIGN_OR_RETURN(const Action action, ToAction(request));
  RETURN_IF_ERROR(CheckOptions(action, helm));
  return SpecOf(action.release, method, context);
}

absl::StatusOr<operation::Spec> ToSpec(const v1::UnlockReleaseRequest& request, const char* method,
                                       const HelmVersion&,
                                       const grpc::CallbackServerContext& context) {
  ASSIGN_OR_RETURN(const Unlock unlock, ToUnlock(request));
  return SpecOf(unlock.release, method, context);
}

}  // namespace

HelmServiceImpl::HelmServiceImpl(operation::Manager& operations, rpc::StreamRegistry& streams,
                                 HelmVersion helm, ReleaseStore& releases, ReleaseCatalog& catalog,
                                 ReleaseReader& reader, ClusterReader& cluster,
                                 const ReleasePreview& preview, operation::Executor& helpers,
                                 SecretPolicy secrets)
    : operations_(operations),
      streams_(streams),
      helm_version_(helm),
      releases_(releases),
      catalog_(catalog),
      reader_(reader),
      cluster_(cluster),
      preview_(preview),
      helpers_(helpers),
      secrets_(secrets) {}

template <typename Response, typename Request>
grpc::ServerWriteReactor<Response>* HelmServiceImpl::Mutate(grpc::CallbackServerContext& context,
                                                            const Request& request,
                                                            const char* method) {
  return operation::Serve<Response>(operations_, streams_, context, request,
                                    ToSpec(request, method, helm_version_, context));
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

grpc::ServerWriteReactor<v1::TestReleaseResponse>* HelmServiceImpl::TestRelease(
    grpc::CallbackServerContext* context, const v1::TestReleaseRequest* request) {
  return Mutate<v1::TestReleaseResponse>(*context, *request, kTestMethod);
}

grpc::ServerWriteReactor<v1::UnlockReleaseResponse>* HelmServiceImpl::UnlockRelease(
    grpc::CallbackServerContext* context, const v1::UnlockReleaseRequest* request) {
  return Mutate<v1::UnlockReleaseResponse>(*context, *request, kUnlockMethod);
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
  return rpc::Unary(*response,
                    [&] { return helm::GetReleaseManifest(releases_, secrets_, *request); });
}

grpc::Status HelmServiceImpl::ListReleaseHooks(grpc::ServerContext*,
                                               const v1::ListReleaseHooksRequest* request,
                                               v1::ListReleaseHooksResponse* response) {
  return rpc::Unary(*response,
                    [&] { return helm::ListReleaseHooks(releases_, secrets_, *request); });
}

grpc::ServerWriteReactor<v1::WatchReleasesResponse>* HelmServiceImpl::WatchReleases(
    grpc::CallbackServerContext* context, const v1::WatchReleasesRequest* request) {
  return helm::WatchReleases(catalog_, streams_, *context, *request);
}

grpc::Status HelmServiceImpl::ListReleaseResources(grpc::ServerContext*,
                                                   const v1::ListReleaseResourcesRequest* request,
                                                   v1::ListReleaseResourcesResponse* response) {
  return rpc::Unary(*response,
                    [&] { return ListResources(releases_, cluster_, helpers_, *request); });
}

grpc::Status HelmServiceImpl::RenderChart(grpc::ServerContext*,
                                          const v1::RenderChartRequest* request,
                                          v1::RenderChartResponse* response) {
  return rpc::Unary(*response, [&] { return helm::RenderChart(preview_, secrets_, *request); });
}

grpc::Status HelmServiceImpl::PreviewRelease(grpc::ServerContext*,
                                             const v1::PreviewReleaseRequest* request,
                                             v1::PreviewReleaseResponse* response) {
  return rpc::Unary(*response, [&] { return helm::PreviewRelease(preview_, secrets_, *request); });
}

grpc::Status HelmServiceImpl::DiffRelease(grpc::ServerContext*,
                                          const v1::DiffReleaseRequest* request,
                                          v1::DiffReleaseResponse* response) {
  return rpc::Unary(*response, [&] { return helm::DiffRelease(preview_, secrets_, *request); });
}

}  // namespace berth::helm
