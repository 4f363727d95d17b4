#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::helm {

/// A pattern for names of releases: '*' stands for any characters, also none, '?' for exactly one.
class NamePattern {
 public:
  /// At most 63 characters: those of names, '*' and '?'. Errors: INVALID_ARGUMENT, saying what
  /// would be right.
  static absl::StatusOr<NamePattern> Parse(std::string_view text);

  /// Whether it fits the whole name.
  bool Matches(std::string_view name) const;

 private:
  explicit NamePattern(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace berth::helm
