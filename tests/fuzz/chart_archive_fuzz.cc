// A packaged chart. A first byte of 't' packs the rest, so that tar itself is explored.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "helm-service/domain/chart_archive.h"
#include "helm-service/domain/chart_contents.h"
#include "helm-service/domain/chart_values.h"
#include "tests/fuzz/require.h"
#include "tests/helm-service/domain/tar_builder.h"

namespace berth::helm {
namespace {

using fuzz::Require;

// Makes the checksum right of whatever looks like the header of an entry: without it hardly an
// input would get further.
void MendChecksums(std::string& tar) {
  constexpr std::size_t kBlock = 512;
  for (std::size_t block = 0; block + kBlock <= tar.size(); block += kBlock) {
    if (tar.compare(block + 257, 5, "ustar") != 0) continue;
    tar.replace(block + 148, 8, 8, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < kBlock; ++i) sum += static_cast<unsigned char>(tar[block + i]);
    std::snprintf(&tar[block + 148], 8, "%06o", sum);
  }
}

std::string ToArchive(const std::string& input) {
  if (!input.starts_with('t')) return input;
  std::string tar = input.substr(1);
  MendChecksums(tar);
  return TarBuilder::Gzip(tar);
}

void Check(const std::string& input) {
  const std::string archive = ToArchive(input);
  const ArchiveLimits limits{
      .packed_bytes = 1 << 20, .unpacked_bytes = std::size_t{1} << 20, .entries = 100};
  const absl::StatusOr<ChartContents> chart = ReadChart(archive, ChartParts::kEverything, limits);
  const bool is_archive = CheckChartArchive(archive, limits).ok();
  Require(is_archive || !chart.ok(), "nothing is read from what is no packaged chart");
  if (!chart.ok()) return;
  for (const ChartFile& file : chart->files) {
    const std::string path = "/" + file.path + "/";
    Require(!file.path.starts_with('/') && path.find("/../") == std::string::npos,
            "no file lies outside of the chart");
  }
  (void)CheckAgainstSchemas(*chart, {{"key", "value"}});
}

}  // namespace
}  // namespace berth::helm

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::helm::Check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
