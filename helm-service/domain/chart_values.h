#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "helm-service/domain/chart_contents.h"

namespace berth::helm {

/// The values that the templates of a chart and its subcharts would see, computed as Helm does:
/// the user's over the chart's defaults, a null of the user's takes a default away, values of a
/// subchart under its name, `global` handed down. Subcharts that values switch off are taken out
/// of `chart`; those with an alias go by it.
///
/// Errors: INVALID_ARGUMENT if defaults cannot be read, or if a chart imports values of its
/// subcharts, which only Helm knows how to do.
absl::StatusOr<nlohmann::json> ComputeChartValues(ChartContents& chart, nlohmann::json user);

/// Whether the values that Helm would compute from `user` are as the schemas of the chart and of
/// its subcharts want them. What Berth cannot compute passes, for Helm looks again.
///
/// Errors: INVALID_ARGUMENT (INVALID_FIELD), with every place such as "values.image.tag" and never
/// a value; FAILED_PRECONDITION (CHART_INVALID) for a schema that cannot be used.
absl::Status CheckAgainstSchemas(ChartContents chart, nlohmann::json user);

}  // namespace berth::helm
