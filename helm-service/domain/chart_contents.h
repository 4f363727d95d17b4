#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "helm-service/domain/chart_archive.h"

namespace berth::helm {

/// What a chart asks of one of its subcharts.
struct ChartDependency {
  std::string name;
  /// The name that its values go by; empty for `name`.
  std::string alias;
  /// Paths of values that switch it on or off, between commas.
  std::string condition;
  std::vector<std::string> tags;
  /// Whether values of the subchart become the chart's own.
  bool imports_values = false;
};

/// A chart as its archive holds it.
struct ChartContents {
  /// Chart.yaml.
  nlohmann::json metadata;
  std::vector<ChartDependency> dependencies;
  /// values.yaml as it was written; empty if there is none.
  std::string values_yaml;
  /// values.schema.json; empty if there is none.
  std::string schema;
  /// README.md; only of the chart itself, if everything was asked for.
  std::string readme;
  /// The files of crds/; only of the chart itself, if everything was asked for.
  std::vector<ChartFile> crds;
  /// All files, without content; only of the chart itself.
  std::vector<ChartFile> files;
  std::vector<ChartContents> subcharts;

  std::string name() const { return metadata.value("name", std::string()); }
};

enum class ChartParts { kValuesAndSchemas, kEverything };

/// Checks a packaged chart, and reads it and its subcharts, packed or not. Errors: as
/// CheckChartArchive; also for a Chart.yaml that cannot be read.
absl::StatusOr<ChartContents> ReadChart(std::string_view archive, ChartParts parts,
                                        const ArchiveLimits& limits);

}  // namespace berth::helm
