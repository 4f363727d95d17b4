#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "helm-service/domain/chart_index.h"

namespace berth::helm {

/// Reads a repository's index, YAML or JSON, as a stream of events: what it costs beside the bytes
/// themselves is the index that comes out, which may occupy `max_memory`, and about 100 MB for
/// the worst of YAML.
///
/// Errors: INVALID_ARGUMENT, saying where it is no index, in words that hold nothing of its text;
/// RESOURCE_EXHAUSTED. Anchors, aliases, and nesting deeper than 64 are refused: indexes have none,
/// bombs do.
absl::StatusOr<ChartIndex> ReadIndex(std::string_view bytes, std::size_t max_memory);

}  // namespace berth::helm
