#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

namespace berth::helm {

/// Bounds on a packaged chart; Helm's own are of the same size.
struct ArchiveLimits {
  std::size_t packed_bytes = std::size_t{16} << 20;
  /// Everything in it together, with tar's own headers.
  std::size_t unpacked_bytes = std::size_t{100} << 20;
  std::size_t entries = 10'000;
};

/// Whether `bytes` is a packaged chart: gzip of tar with plain files and directories only, all
/// under one top directory with a Chart.yaml in it, no path that leads elsewhere. Unpacks in
/// pieces, so that a small archive cannot make us hold a large one.
///
/// Errors: INVALID_ARGUMENT, saying what is wrong and with which entry.
absl::Status CheckChartArchive(std::string_view bytes, const ArchiveLimits& limits);

}  // namespace berth::helm
