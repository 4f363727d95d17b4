// The index of a chart repository.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "helm-service/adapters/index_reader.h"
#include "tests/fuzz/require.h"

namespace berth::helm {
namespace {

using fuzz::Require;

void Check(std::string_view input) {
  constexpr std::size_t kMostMemory = std::size_t{1} << 20;
  const absl::StatusOr<ChartIndex> index = ReadIndex(input, kMostMemory);
  if (!index.ok()) return;
  Require(index->memory_bytes() <= kMostMemory, "memory is bounded");
  std::size_t versions = 0;
  std::string_view last;
  for (const IndexedChart& chart : index->charts()) {
    Require(last < chart.name, "charts are ordered by name");
    last = chart.name;
    Require(!chart.versions.empty(), "each chart has a version");
    versions += chart.versions.size();
    for (const IndexedVersion& version : chart.versions) {
      Require(!version.version.empty() && !version.url.empty(), "each version is of use");
    }
    const absl::StatusOr<ChartName> name = ChartName::Parse(chart.name);
    Require(name.ok() && index->Find(*name) == &chart, "each chart is found by its name");
  }
  Require(versions == index->version_count(), "versions are counted");
}

}  // namespace
}  // namespace berth::helm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::helm::Check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
