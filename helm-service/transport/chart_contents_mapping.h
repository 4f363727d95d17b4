#pragma once

#include <string>

#include "helm-service/domain/chart_contents.h"

#include "berth/helm/v1/chart_contents.pb.h"

namespace berth::helm {

/// A chart as the contract has it; texts within the contract's bounds. `archive` is what it was
/// read from.
v1::ChartContents ToProto(const ChartContents& chart, const std::string& archive);

}  // namespace berth::helm
