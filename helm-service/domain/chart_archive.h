#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace berth::helm {

/// Bounds on a packaged chart; Helm's own are of the same size.
struct ArchiveLimits {
  std::size_t packed_bytes = std::size_t{16} << 20;
  /// Everything in it together, with tar's own headers.
  std::size_t unpacked_bytes = std::size_t{100} << 20;
  std::size_t entries = 10'000;
  /// Of one file that is read.
  std::size_t file_bytes = std::size_t{5} << 20;
};

/// A file of a packaged chart.
struct ChartFile {
  /// Below the chart's top directory, such as "templates/web.yaml".
  std::string path;
  /// Bytes.
  std::size_t size = 0;
  /// Empty if it was not asked for.
  std::string content;
};

/// Whether `bytes` is a packaged chart: gzip of tar with plain files and directories only, all
/// under one top directory with a Chart.yaml in it, no path that leads elsewhere. Unpacks in
/// pieces, so that a small archive cannot make us hold a large one.
///
/// Errors: INVALID_ARGUMENT, saying what is wrong and with which entry.
absl::Status CheckChartArchive(std::string_view bytes, const ArchiveLimits& limits);

/// Checks as CheckChartArchive, and lists all files in the archive's order, with the content of
/// those whose path is `wanted`. Errors: as CheckChartArchive.
absl::StatusOr<std::vector<ChartFile>> ReadChartArchive(
    std::string_view bytes, const ArchiveLimits& limits,
    const std::function<bool(std::string_view path)>& wanted);

}  // namespace berth::helm
