#pragma once

#include <chrono>

#include "absl/status/statusor.h"
#include "helm-service/domain/chart_fetcher.h"

#include "berth/helm/v1/chart_service.pb.h"

namespace berth::helm {

/// Fetches a chart and tells what it holds. Blocks until `deadline`.
absl::StatusOr<v1::GetChartResponse> GetChart(ChartFetcher& fetcher,
                                              const v1::GetChartRequest& request,
                                              std::chrono::steady_clock::time_point deadline);

}  // namespace berth::helm
