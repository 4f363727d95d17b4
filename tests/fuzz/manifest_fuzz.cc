// What a chart renders to, and what a release's Secret holds.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "helm-service/domain/manifest.h"
#include "helm-service/domain/secret_masking.h"
#include "helm-service/domain/yaml_values.h"
#include "helm-service/domain/yaml_writer.h"
#include "tests/fuzz/require.h"

namespace berth::helm {
namespace {

using fuzz::Require;

void CheckMasked(const nlohmann::json& secret) {
  for (const char* field : {"data", "stringData"}) {
    if (!secret.contains(field) || !secret[field].is_object()) continue;
    for (const auto& [key, value] : secret[field].items()) {
      Require(value == kMasked, "each value of a Secret is masked");
    }
  }
}

void Check(std::string_view manifest) {
  const ManifestLimits limits{.bytes = 1 << 16, .objects = 200, .document = {.nodes = 5'000}};
  const absl::StatusOr<std::vector<ManifestObject>> objects = SplitManifest(manifest, limits);
  if (!objects.ok()) return;
  for (const ManifestObject& object : *objects) {
    const absl::StatusOr<nlohmann::json> read = object.Read(limits);
    if (!read.ok()) continue;
    const absl::StatusOr<nlohmann::json> again = ReadYamlObject(WriteYaml(*read), limits.document);
    Require(again.ok() && *again == *read, "an object is read back as it was written");
  }
  const absl::StatusOr<std::string> masked = MaskManifest(manifest, limits);
  Require(masked.ok(), "what can be split can be masked");
  const absl::StatusOr<std::vector<ManifestObject>> hidden = SplitManifest(*masked);
  Require(hidden.ok(), "what is masked can be split");
  for (const ManifestObject& object : *hidden) {
    if (object.kind == "Secret") CheckMasked(*object.Read());
  }
}

}  // namespace
}  // namespace berth::helm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::helm::Check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
