#include "helm-service/transport/chart_contents_mapping.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "common/operation/clipped_text.h"
#include "helm-service/domain/sha256.h"
#include "helm-service/domain/values.h"
#include "helm-service/domain/yaml_values.h"
#include "helm-service/transport/values_mapping.h"

namespace berth::helm {
namespace {

using operation::ClippedText;

constexpr std::size_t kLongestReadme = std::size_t{256} << 10;
constexpr std::size_t kLargestValues = std::size_t{512} << 10;
constexpr std::size_t kLargestContents = std::size_t{1} << 20;
constexpr std::size_t kMostFiles = 5'000;

std::string TextOf(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return "";
  // An unquoted 1.10 is a number here, and was meant as a text.
  return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace

v1::ChartContents ToProto(const ChartContents& chart, const std::string& archive) {
  v1::ChartContents proto;
  proto.set_name(ClippedText(chart.name(), kLongestReadme));
  proto.set_version(ClippedText(TextOf(chart.metadata, "version"), kLongestReadme));
  proto.set_app_version(ClippedText(TextOf(chart.metadata, "appVersion"), kLongestReadme));
  *proto.mutable_metadata() = ValuesToStruct(chart.metadata);
  proto.set_readme(ClippedText(chart.readme, kLongestReadme));
  proto.set_values_yaml(ClippedText(chart.values_yaml, kLargestValues));
  if (chart.values_yaml.size() <= kLargestValues) {
    const absl::StatusOr<nlohmann::json> values = ReadYamlValues(chart.values_yaml, ValuesLimits{});
    if (values.ok()) *proto.mutable_values() = ValuesToStruct(*values);
  }
  if (chart.schema.size() <= kLargestValues) {
    proto.set_values_schema(ClippedText(chart.schema, kLargestValues));
  }
  std::size_t bytes = 0;
  for (const ChartFile& crd : chart.crds) {
    v1::ChartFile& file = *proto.add_crds();
    file.set_path(ClippedText(crd.path, kLongestReadme));
    file.set_size(static_cast<std::int64_t>(crd.size));
    if (crd.content.size() > kLargestContents - bytes) continue;
    bytes += crd.content.size();
    file.set_content(ClippedText(crd.content, kLargestContents));
  }
  for (std::size_t i = 0; i < std::min(chart.files.size(), kMostFiles); ++i) {
    v1::ChartFile& file = *proto.add_files();
    file.set_path(ClippedText(chart.files[i].path, kLongestReadme));
    file.set_size(static_cast<std::int64_t>(chart.files[i].size));
  }
  proto.set_sha256(Sha256::Of(archive).hex());
  return proto;
}

}  // namespace berth::helm
