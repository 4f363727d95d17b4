#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::helm {

/// What a caller says of a revision: at most 512 bytes on one line. Empty: Helm writes its own.
class Description {
 public:
  Description() = default;

  /// Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<Description> Parse(std::string_view text);

  const std::string& value() const { return value_; }

 private:
  explicit Description(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

}  // namespace berth::helm
