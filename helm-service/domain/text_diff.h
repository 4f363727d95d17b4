#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace berth::helm {

/// Names of the two sides, as the first two lines of a difference give them.
struct DiffLabels {
  std::string before;
  std::string after;
};

/// The difference of two texts in the unified format, with three lines of context; empty if they
/// are equal. It is the shortest one as long as it takes at most `most_edits` lines; beyond, the
/// part that differs is replaced as a whole, which bounds time and memory (4 MB for 1,000).
std::string UnifiedDiff(std::string_view before, std::string_view after, const DiffLabels& labels,
                        std::size_t most_edits = 1'000);

}  // namespace berth::helm
