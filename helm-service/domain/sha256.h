#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::helm {

/// A SHA-256 digest.
class Sha256 {
 public:
  static Sha256 Of(std::string_view bytes);

  /// Reads 64 hexadecimal digits, with or without "sha256:" before them. Errors: INVALID_ARGUMENT,
  /// saying what would be right.
  static absl::StatusOr<Sha256> Parse(std::string_view text);

  /// 64 lower case digits.
  const std::string& hex() const { return hex_; }
  /// "sha256:…", as registries write it.
  std::string ToString() const { return "sha256:" + hex_; }

  friend auto operator<=>(const Sha256&, const Sha256&) = default;

 private:
  explicit Sha256(std::string hex) : hex_(std::move(hex)) {}
  std::string hex_;
};

}  // namespace berth::helm
