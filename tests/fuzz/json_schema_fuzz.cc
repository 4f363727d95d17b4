// A chart's JSON Schema, and after the first line that is "---" the document to be judged.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

#include "helm-service/domain/json_schema.h"

namespace berth::helm {
namespace {

void Check(std::string_view input) {
  constexpr std::string_view kSeparator = "\n---\n";
  const std::size_t end = input.find(kSeparator);
  if (end == std::string_view::npos) return;
  const absl::StatusOr<JsonSchema> schema =
      JsonSchema::Parse(input.substr(0, end), {.depth = 50, .steps = 10'000});
  const nlohmann::json document = nlohmann::json::parse(input.substr(end + kSeparator.size()),
                                                        nullptr, /*allow_exceptions=*/false);
  if (schema.ok() && !document.is_discarded()) (void)schema->Validate(document);
}

}  // namespace
}  // namespace berth::helm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::helm::Check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
