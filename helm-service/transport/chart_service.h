#pragma once

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "helm-service/domain/chart_fetcher.h"
#include "helm-service/domain/chart_indexes.h"
#include "helm-service/domain/chart_repository.h"
#include "helm-service/domain/registry_versions.h"
#include "helm-service/domain/source_policy.h"

#include "berth/helm/v1/chart_service.grpc.pb.h"

namespace berth::helm {

/// Serves ChartService. Handlers block for the API server, for indexes that are not in memory,
/// and for charts.
class ChartServiceImpl final : public v1::ChartService::Service {
 public:
  /// All outlive the server.
  struct Parts {
    ChartRepositoryStore& store;
    ChartRepositoryEditor& editor;
    ChartIndexes& indexes;
    RegistryVersions& registries;
    ChartFetcher& fetcher;
    const SourcePolicy& policy;
  };

  explicit ChartServiceImpl(const Parts& parts) : parts_(parts) {}

  grpc::Status GetChart(grpc::ServerContext* context, const v1::GetChartRequest* request,
                        v1::GetChartResponse* response) override;
  grpc::Status CreateChartRepository(grpc::ServerContext* context,
                                     const v1::CreateChartRepositoryRequest* request,
                                     v1::CreateChartRepositoryResponse* response) override;
  grpc::Status UpdateChartRepository(grpc::ServerContext* context,
                                     const v1::UpdateChartRepositoryRequest* request,
                                     v1::UpdateChartRepositoryResponse* response) override;
  grpc::Status DeleteChartRepository(grpc::ServerContext* context,
                                     const v1::DeleteChartRepositoryRequest* request,
                                     v1::DeleteChartRepositoryResponse* response) override;
  grpc::Status GetChartRepository(grpc::ServerContext* context,
                                  const v1::GetChartRepositoryRequest* request,
                                  v1::GetChartRepositoryResponse* response) override;
  grpc::Status ListChartRepositories(grpc::ServerContext* context,
                                     const v1::ListChartRepositoriesRequest* request,
                                     v1::ListChartRepositoriesResponse* response) override;
  grpc::Status RefreshChartRepository(grpc::ServerContext* context,
                                      const v1::RefreshChartRepositoryRequest* request,
                                      v1::RefreshChartRepositoryResponse* response) override;
  grpc::Status SearchCharts(grpc::ServerContext* context, const v1::SearchChartsRequest* request,
                            v1::SearchChartsResponse* response) override;
  grpc::Status ListChartVersions(grpc::ServerContext* context,
                                 const v1::ListChartVersionsRequest* request,
                                 v1::ListChartVersionsResponse* response) override;

 private:
  absl::StatusOr<v1::CreateChartRepositoryResponse> Create(
      const v1::CreateChartRepositoryRequest& request);
  absl::StatusOr<v1::UpdateChartRepositoryResponse> Update(
      const v1::UpdateChartRepositoryRequest& request);
  absl::StatusOr<v1::ListChartRepositoriesResponse> List(
      const v1::ListChartRepositoriesRequest& request);
  absl::Status Refresh(const ChartRepository& repository);
  absl::StatusOr<v1::SearchChartsResponse> Search(const v1::SearchChartsRequest& request);
  absl::StatusOr<v1::ListChartVersionsResponse> ListVersions(
      const v1::ListChartVersionsRequest& request);

  absl::StatusOr<v1::ChartRepository> Describe(const ChartRepository& repository);
  absl::StatusOr<std::vector<ChartRepository>> RepositoriesToSearch(const std::string& name);
  absl::StatusOr<std::vector<v1::ChartVersion>> AllVersions(const ChartRepository& repository,
                                                            const ChartName& chart);

  const Parts parts_;
};

}  // namespace berth::helm
