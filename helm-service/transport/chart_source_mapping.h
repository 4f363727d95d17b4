#pragma once

#include <optional>

#include "common/status/status.h"
#include "helm-service/domain/chart.h"

#include "berth/helm/v1/release.pb.h"

namespace berth::helm {

/// The chart that a request's field `chart` names; what is wrong with it is added to `violations`.
std::optional<Chart> ToChart(const v1::ChartSource& source, FieldViolations& violations);

}  // namespace berth::helm
