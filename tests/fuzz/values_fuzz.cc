// Values that callers send: YAML, or a structure (after a first byte of 's').

#include <google/protobuf/struct.pb.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "helm-service/domain/values.h"
#include "helm-service/domain/yaml_values.h"
#include "helm-service/transport/values_mapping.h"
#include "tests/fuzz/require.h"

namespace berth::helm {
namespace {

using fuzz::Require;

absl::StatusOr<nlohmann::json> Read(const std::string& input, const ValuesLimits& limits) {
  if (!input.starts_with('s')) return ReadYamlValues(input, limits);
  google::protobuf::Struct structure;
  if (!structure.ParseFromString(input.substr(1))) return nlohmann::json::object();
  return StructToValues(structure);
}

void Check(const std::string& input) {
  const ValuesLimits limits{.bytes = 1 << 16, .depth = 50, .nodes = 5'000};
  absl::StatusOr<nlohmann::json> values = Read(input, limits);
  if (!values.ok() || !CheckValues(*values, limits).ok()) return;
  nlohmann::json merged = MergeValues({*values, *std::move(values)});
  const absl::StatusOr<nlohmann::json> again =
      ReadYamlValues(WriteValues(merged), {.bytes = 1 << 22, .nodes = 200'000});
  Require(again.ok() && *again == merged, "values are read back as they were written");
}

}  // namespace
}  // namespace berth::helm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::helm::Check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
