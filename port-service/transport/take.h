#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/status/status.h"

namespace berth::port {

/// The value, or a violation of `field` and nothing.
template <typename T>
std::optional<T> Take(absl::StatusOr<T> value, const std::string& field,
                      FieldViolations& violations) {
  if (!value.ok()) {
    violations.AddAll(field, value.status());
    return std::nullopt;
  }
  return *std::move(value);
}

}  // namespace berth::port
