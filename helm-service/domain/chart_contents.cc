#include "helm-service/domain/chart_contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "common/status/macros.h"
#include "helm-service/domain/values.h"
#include "helm-service/domain/yaml_values.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kSubcharts = "charts/";
constexpr int kDeepestSubchart = 8;

bool IsPackage(std::string_view path) {
  return path.starts_with(kSubcharts) && path.ends_with(".tgz") &&
         path.find('/', kSubcharts.size()) == std::string_view::npos;
}

// "web/values.yaml" of "charts/web/values.yaml", else empty.
std::string_view WithinSubcharts(std::string_view path) {
  const bool inside =
      path.starts_with(kSubcharts) && path.find('/', kSubcharts.size()) != std::string_view::npos;
  return inside ? path.substr(kSubcharts.size()) : std::string_view();
}

// Whether a path, seen from the chart or subchart that it lies in, says something about values.
bool IsAboutValues(std::string_view path) {
  constexpr std::array<std::string_view, 4> kNames = {"Chart.yaml", "requirements.yaml",
                                                      "values.yaml", "values.schema.json"};
  if (std::find(kNames.begin(), kNames.end(), path) != kNames.end() || IsPackage(path)) return true;
  const std::string_view inside = WithinSubcharts(path);
  return !inside.empty() && IsAboutValues(inside.substr(inside.find('/') + 1));
}

bool IsWanted(std::string_view path, ChartParts parts) {
  if (IsAboutValues(path)) return true;
  return parts == ChartParts::kEverything && (path == "README.md" || path.starts_with("crds/"));
}

std::string TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::vector<ChartDependency> DependenciesOf(const Json& document) {
  std::vector<ChartDependency> dependencies;
  const Json list = document.is_object() ? document.value("dependencies", Json()) : Json();
  for (const Json& entry : list) {
    if (!entry.is_object()) continue;
    ChartDependency dependency{.name = TextOf(entry, "name"),
                               .alias = TextOf(entry, "alias"),
                               .condition = TextOf(entry, "condition"),
                               .tags = {},
                               .imports_values = !entry.value("import-values", Json()).empty()};
    for (const Json& tag : entry.value("tags", Json())) {
      if (tag.is_string()) dependency.tags.push_back(tag.get<std::string>());
    }
    dependencies.push_back(std::move(dependency));
  }
  return dependencies;
}

absl::StatusOr<ChartContents> Read(std::string_view archive, ChartParts parts,
                                   const ArchiveLimits& limits, int depth);

absl::StatusOr<ChartContents> Assemble(std::vector<ChartFile> files, const ArchiveLimits& limits,
                                       int depth) {
  if (depth > kDeepestSubchart) return absl::InvalidArgumentError("subcharts are nested too deep");
  ChartContents chart;
  std::string requirements;
  std::map<std::string, std::vector<ChartFile>> folders;
  for (ChartFile& file : files) {
    if (const std::string_view inside = WithinSubcharts(file.path); !inside.empty()) {
      const std::size_t slash = inside.find('/');
      std::string folder(inside.substr(0, slash));
      file.path = std::string(inside.substr(slash + 1));
      folders[std::move(folder)].push_back(std::move(file));
    } else if (IsPackage(file.path)) {
      ASSIGN_OR_RETURN(ChartContents subchart,
                       Read(file.content, ChartParts::kValuesAndSchemas, limits, depth + 1));
      chart.subcharts.push_back(std::move(subchart));
    } else if (file.path == "Chart.yaml") {
      ASSIGN_OR_RETURN(chart.metadata, ReadYamlValues(file.content, ValuesLimits{}));
    } else if (file.path == "requirements.yaml") {
      requirements = std::move(file.content);
    } else if (file.path == "values.yaml") {
      chart.values_yaml = std::move(file.content);
    } else if (file.path == "values.schema.json") {
      chart.schema = std::move(file.content);
    } else if (file.path == "README.md") {
      chart.readme = std::move(file.content);
    } else if (file.path.starts_with("crds/") && !file.content.empty()) {
      chart.crds.push_back(std::move(file));
    }
  }
  for (auto& [folder, inside] : folders) {
    // Helm passes over such ones.
    if (folder.starts_with('_') || folder.starts_with('.')) continue;
    ASSIGN_OR_RETURN(ChartContents subchart, Assemble(std::move(inside), limits, depth + 1));
    chart.subcharts.push_back(std::move(subchart));
  }
  chart.dependencies = DependenciesOf(chart.metadata);
  if (chart.dependencies.empty() && !requirements.empty()) {
    ASSIGN_OR_RETURN(const Json document, ReadYamlValues(requirements, ValuesLimits{}));
    chart.dependencies = DependenciesOf(document);
  }
  if (TextOf(chart.metadata, "name").empty()) {
    return absl::InvalidArgumentError("a Chart.yaml without a name");
  }
  return chart;
}

absl::StatusOr<ChartContents> Read(std::string_view archive, ChartParts parts,
                                   const ArchiveLimits& limits, int depth) {
  ASSIGN_OR_RETURN(std::vector<ChartFile> files,
                   ReadChartArchive(archive, limits, [parts](std::string_view path) {
                     return IsWanted(path, parts);
                   }));
  std::vector<ChartFile> listed;
  listed.reserve(files.size());
  for (const ChartFile& file : files) listed.push_back({file.path, file.size, ""});
  ASSIGN_OR_RETURN(ChartContents chart, Assemble(std::move(files), limits, depth));
  chart.files = std::move(listed);
  return chart;
}

}  // namespace

absl::StatusOr<ChartContents> ReadChart(std::string_view archive, ChartParts parts,
                                        const ArchiveLimits& limits) {
  return Read(archive, parts, limits, 0);
}

}  // namespace berth::helm
