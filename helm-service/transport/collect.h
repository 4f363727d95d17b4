#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/status/status.h"

namespace berth::helm {

/// What a field was parsed into, or nothing, and why is added to `violations`.
template <typename T>
std::optional<T> Collect(FieldViolations& violations, std::string_view field,
                         absl::StatusOr<T> parsed) {
  if (parsed.ok()) return *std::move(parsed);
  violations.AddAll(field, parsed.status());
  return std::nullopt;
}

}  // namespace berth::helm
