#include "helm-service/transport/get_chart.h"

#include <optional>
#include <string>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/chart_contents.h"
#include "helm-service/transport/chart_contents_mapping.h"
#include "helm-service/transport/chart_source_mapping.h"

namespace berth::helm {

absl::StatusOr<v1::GetChartResponse> GetChart(ChartFetcher& fetcher,
                                              const v1::GetChartRequest& request,
                                              std::chrono::steady_clock::time_point deadline) {
  FieldViolations violations;
  std::optional<Chart> chart = ToChart(request.chart(), violations);
  RETURN_IF_ERROR(violations.ToStatus());
  ASSIGN_OR_RETURN(const ChartArchive archive,
                   fetcher.Fetch(*std::move(chart), {.deadline = deadline, .stop = {}}));
  absl::StatusOr<ChartContents> contents =
      ReadChart(archive.bytes, ChartParts::kEverything, ArchiveLimits{});
  if (!contents.ok()) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_INVALID,
                 std::string(contents.status().message()));
  }
  if (!request.include_crds()) contents->crds.clear();
  v1::GetChartResponse response;
  *response.mutable_chart() = ToProto(*contents, archive.bytes);
  return response;
}

}  // namespace berth::helm
