#include "helm-service/domain/chart_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/computed_values.h"
#include "helm-service/domain/json_schema.h"
#include "helm-service/domain/values.h"
#include "helm-service/domain/yaml_values.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

/// Hands `global` of a chart down to a subchart, whose own entries yield.
void HandDownGlobals(Json& subchart, const Json& chart) {
  Json& globals = subchart["global"];
  if (!globals.is_object()) globals = Json::object();
  const auto handed = chart.find("global");
  if (handed == chart.end() || !handed->is_object()) return;
  for (const auto& [key, value] : handed->items()) {
    const auto found = globals.find(key);
    if (found == globals.end()) {
      globals[key] = value;
    } else if (value.is_object() && found->is_object()) {
      Json merged = value;
      AddDefaults(merged, *found);
      *found = std::move(merged);
    } else if (!value.is_object() && !found->is_object()) {
      *found = value;
    }
  }
}

absl::StatusOr<Json> DefaultsOf(const ChartContents& chart) {
  if (chart.values_yaml.empty()) return Json::object();
  return ReadYamlValues(chart.values_yaml, ValuesLimits{});
}

absl::Status Coalesce(const ChartContents& chart, Json& values) {
  ASSIGN_OR_RETURN(const Json defaults, DefaultsOf(chart));
  std::set<std::string> subcharts;
  for (const ChartContents& subchart : chart.subcharts) subcharts.insert(subchart.name());
  values = ComputeValues(defaults, std::move(values), subcharts);
  for (const ChartContents& subchart : chart.subcharts) {
    Json& inner = values[subchart.name()];
    if (inner.is_null()) inner = Json::object();
    if (!inner.is_object()) {
      return absl::InvalidArgumentError("values of a subchart that are no mapping");
    }
    HandDownGlobals(inner, values);
    RETURN_IF_ERROR(Coalesce(subchart, inner));
  }
  return absl::OkStatus();
}

/// Gives each dependency of the chart its own copy of the subchart, under its alias.
void ApplyAliases(ChartContents& chart) {
  std::vector<ChartContents> named;
  for (const ChartContents& subchart : chart.subcharts) {
    bool asked_for = false;
    for (const ChartDependency& dependency : chart.dependencies) {
      if (dependency.name != subchart.name()) continue;
      asked_for = true;
      named.push_back(subchart);
      if (!dependency.alias.empty()) named.back().metadata["name"] = dependency.alias;
    }
    if (!asked_for) named.push_back(subchart);
  }
  chart.subcharts = std::move(named);
}

// The switch at a path such as "web.enabled", if there is one.
std::optional<bool> SwitchAt(const Json& values, std::string_view path) {
  const Json* at = &values;
  while (true) {
    const std::size_t dot = path.find('.');
    const auto found = at->is_object() ? at->find(std::string(path.substr(0, dot))) : at->end();
    if (!at->is_object() || found == at->end()) return std::nullopt;
    at = &*found;
    if (dot == std::string_view::npos) break;
    path.remove_prefix(dot + 1);
  }
  return at->is_boolean() ? std::optional<bool>(at->get<bool>()) : std::nullopt;
}

bool IsEnabled(const ChartDependency& dependency, const Json& values, const Json& tags) {
  for (const absl::string_view part :
       absl::StrSplit(dependency.condition, ',', absl::SkipWhitespace())) {
    const std::string condition(absl::StripAsciiWhitespace(part));
    if (const std::optional<bool> found = SwitchAt(values, condition)) return *found;
  }
  bool has_false = false;
  for (const std::string& tag : dependency.tags) {
    const std::optional<bool> found = SwitchAt(tags, tag);
    if (found == true) return true;
    has_false = has_false || found == false;
  }
  return !has_false;
}

/// Takes out the subcharts that are switched off. `tags` are those of the top chart's values.
absl::Status RemoveDisabled(ChartContents& chart, Json values, const Json* tags) {
  ApplyAliases(chart);
  RETURN_IF_ERROR(Coalesce(chart, values));
  const Json own_tags = values.value("tags", Json());
  if (tags == nullptr) tags = &own_tags;
  for (const ChartDependency& dependency : chart.dependencies) {
    const std::string& name = dependency.alias.empty() ? dependency.name : dependency.alias;
    if (!IsEnabled(dependency, values, *tags)) {
      std::erase_if(chart.subcharts,
                    [&](const ChartContents& subchart) { return subchart.name() == name; });
    } else if (dependency.imports_values) {
      return absl::InvalidArgumentError("imports values of subcharts");
    }
  }
  for (ChartContents& subchart : chart.subcharts) {
    RETURN_IF_ERROR(RemoveDisabled(subchart, values[subchart.name()], tags));
  }
  return absl::OkStatus();
}

absl::Status CheckSchemas(const ChartContents& chart, const Json& values, const std::string& path,
                          FieldViolations& violations) {
  if (!chart.schema.empty()) {
    const auto unusable = [&](const absl::Status& why) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_INVALID,
                   fmt::format("values.schema.json of chart '{}' {}", chart.name(),
                               std::string(why.message())));
    };
    const absl::StatusOr<JsonSchema> schema = JsonSchema::Parse(chart.schema, {});
    if (!schema.ok()) return unusable(schema.status());
    const absl::StatusOr<std::vector<SchemaViolation>> found = schema->Validate(values);
    if (!found.ok()) return unusable(found.status());
    for (const SchemaViolation& violation : *found) {
      const bool joined = violation.path.empty() || violation.path.starts_with('[');
      violations.Add(fmt::format("{}{}{}", path, joined ? "" : ".", violation.path),
                     violation.description);
    }
  }
  for (const ChartContents& subchart : chart.subcharts) {
    const std::string name = subchart.name();
    RETURN_IF_ERROR(CheckSchemas(subchart, values.value(name, Json::object()),
                                 fmt::format("{}.{}", path, name), violations));
  }
  return absl::OkStatus();
}

bool HasSchema(const ChartContents& chart) {
  return !chart.schema.empty() ||
         std::any_of(chart.subcharts.begin(), chart.subcharts.end(), HasSchema);
}

}  // namespace

absl::StatusOr<Json> ComputeChartValues(ChartContents& chart, Json user) {
  RETURN_IF_ERROR(RemoveDisabled(chart, user, nullptr));
  RETURN_IF_ERROR(Coalesce(chart, user));
  return user;
}

absl::Status CheckAgainstSchemas(ChartContents chart, Json user) {
  if (!HasSchema(chart)) return absl::OkStatus();
  const absl::StatusOr<Json> values = ComputeChartValues(chart, std::move(user));
  if (!values.ok()) return absl::OkStatus();
  FieldViolations violations;
  RETURN_IF_ERROR(CheckSchemas(chart, *values, "values", violations));
  return violations.ToStatus();
}

}  // namespace berth::helm
