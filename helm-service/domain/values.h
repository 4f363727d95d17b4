#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace berth::helm {

/// Bounds on the values of one request.
struct ValuesLimits {
  /// All sources together as sent, and again the merged document.
  std::size_t bytes = std::size_t{4} << 20;
  int depth = 100;
  /// Scalars, sequences and mappings of one source, aliases written out.
  std::size_t nodes = 200'000;
};

/// The integer up to which all are exact in Helm's 64-bit floating point: 2^53.
inline constexpr std::int64_t kLargestExactInteger = std::int64_t{1} << 53;

/// Refuses what Helm would not read as it was meant: integers beyond 2^53, numbers that are not
/// finite, keys above 1,000 bytes in JSON, more depth or nodes than the limits.
/// Errors: INVALID_ARGUMENT; the text names the path ("image.tag") and never a value.
absl::Status CheckValues(const nlohmann::json& values, const ValuesLimits& limits);

/// Merges mappings as Helm merges several `-f`: mappings key by key, anything else is replaced by
/// the later one, null included.
nlohmann::json MergeValues(std::vector<nlohmann::json> sources);

/// Writes values as JSON that YAML 1.1 and 1.2 parsers read back as the same values.
std::string WriteValues(const nlohmann::json& values);

}  // namespace berth::helm
