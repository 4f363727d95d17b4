#pragma once

#include <grpcpp/grpcpp.h>

#include "common/grpc/stream_registry.h"
#include "common/operation/executor.h"
#include "common/operation/manager.h"
#include "helm-service/domain/cluster_reader.h"
#include "helm-service/domain/helm_version.h"
#include "helm-service/domain/release_catalog.h"
#include "helm-service/domain/release_preview.h"
#include "helm-service/domain/release_reader.h"
#include "helm-service/domain/release_store.h"
#include "helm-service/domain/secret_policy.h"

#include "berth/helm/v1/helm_service.grpc.pb.h"

namespace berth::helm {

/// Serves HelmService: mutations as operations on callback streams, reads synchronously. Options
/// that the installed Helm does not know are refused here. `helpers` take part in reads that
/// need many API requests. Whatever it refers to outlives the server.
class HelmServiceImpl final
    : public v1::HelmService::WithCallbackMethod_InstallRelease<
          v1::HelmService::WithCallbackMethod_UpgradeRelease<
              v1::HelmService::WithCallbackMethod_RollbackRelease<
                  v1::HelmService::WithCallbackMethod_UninstallRelease<
                      v1::HelmService::WithCallbackMethod_TestRelease<
                          v1::HelmService::WithCallbackMethod_UnlockRelease<
                              v1::HelmService::WithCallbackMethod_WatchReleases<
                                  v1::HelmService::Service>>>>>>> {
 public:
  HelmServiceImpl(operation::Manager& operations, rpc::StreamRegistry& streams, HelmVersion helm,
                  ReleaseStore& releases, ReleaseCatalog& catalog, ReleaseReader& reader,
                  ClusterReader& cluster, const ReleasePreview& preview,
                  operation::Executor& helpers, SecretPolicy secrets);

  grpc::ServerWriteReactor<v1::InstallReleaseResponse>* InstallRelease(
      grpc::CallbackServerContext* context, const v1::InstallReleaseRequest* request) override;
  grpc::ServerWriteReactor<v1::UpgradeReleaseResponse>* UpgradeRelease(
      grpc::CallbackServerContext* context, const v1::UpgradeReleaseRequest* request) override;
  grpc::ServerWriteReactor<v1::RollbackReleaseResponse>* RollbackRelease(
      grpc::CallbackServerContext* context, const v1::RollbackReleaseRequest* request) override;
  grpc::ServerWriteReactor<v1::UninstallReleaseResponse>* UninstallRelease(
      grpc::CallbackServerContext* context, const v1::UninstallReleaseRequest* request) override;
  grpc::ServerWriteReactor<v1::TestReleaseResponse>* TestRelease(
      grpc::CallbackServerContext* context, const v1::TestReleaseRequest* request) override;
  grpc::ServerWriteReactor<v1::UnlockReleaseResponse>* UnlockRelease(
      grpc::CallbackServerContext* context, const v1::UnlockReleaseRequest* request) override;

  grpc::Status GetRelease(grpc::ServerContext* context, const v1::GetReleaseRequest* request,
                          v1::GetReleaseResponse* response) override;
  grpc::Status ListReleases(grpc::ServerContext* context, const v1::ListReleasesRequest* request,
                            v1::ListReleasesResponse* response) override;
  grpc::Status ListReleaseRevisions(grpc::ServerContext* context,
                                    const v1::ListReleaseRevisionsRequest* request,
                                    v1::ListReleaseRevisionsResponse* response) override;
  grpc::Status GetReleaseValues(grpc::ServerContext* context,
                                const v1::GetReleaseValuesRequest* request,
                                v1::GetReleaseValuesResponse* response) override;
  grpc::Status GetReleaseManifest(grpc::ServerContext* context,
                                  const v1::GetReleaseManifestRequest* request,
                                  v1::GetReleaseManifestResponse* response) override;
  grpc::Status ListReleaseHooks(grpc::ServerContext* context,
                                const v1::ListReleaseHooksRequest* request,
                                v1::ListReleaseHooksResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchReleasesResponse>* WatchReleases(
      grpc::CallbackServerContext* context, const v1::WatchReleasesRequest* request) override;
  grpc::Status ListReleaseResources(grpc::ServerContext* context,
                                    const v1::ListReleaseResourcesRequest* request,
                                    v1::ListReleaseResourcesResponse* response) override;
  grpc::Status RenderChart(grpc::ServerContext* context, const v1::RenderChartRequest* request,
                           v1::RenderChartResponse* response) override;
  grpc::Status PreviewRelease(grpc::ServerContext* context,
                              const v1::PreviewReleaseRequest* request,
                              v1::PreviewReleaseResponse* response) override;
  grpc::Status DiffRelease(grpc::ServerContext* context, const v1::DiffReleaseRequest* request,
                           v1::DiffReleaseResponse* response) override;

 private:
  template <typename Response, typename Request>
  grpc::ServerWriteReactor<Response>* Mutate(grpc::CallbackServerContext& context,
                                             const Request& request, const char* method);

  operation::Manager& operations_;
  rpc::StreamRegistry& streams_;
  const HelmVersion helm_version_;
  ReleaseStore& releases_;
  ReleaseCatalog& catalog_;
  ReleaseReader& reader_;
  ClusterReader& cluster_;
  const ReleasePreview& preview_;
  operation::Executor& helpers_;
  const SecretPolicy secrets_;
};

}  // namespace berth::helm
