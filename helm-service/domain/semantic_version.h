#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::helm {

/// A version of a chart, read as Helm reads it: semantic versioning, where a leading "v" and
/// missing minor and patch numbers are forgiven ("v1.2" is 1.2.0).
class SemanticVersion {
 public:
  /// Errors: INVALID_ARGUMENT.
  static absl::StatusOr<SemanticVersion> Parse(std::string_view text);

  SemanticVersion(std::uint64_t major, std::uint64_t minor, std::uint64_t patch,
                  std::string prerelease)
      : major_(major), minor_(minor), patch_(patch), prerelease_(std::move(prerelease)) {}

  std::uint64_t major() const { return major_; }
  std::uint64_t minor() const { return minor_; }
  std::uint64_t patch() const { return patch_; }
  /// Empty for a release.
  const std::string& prerelease() const { return prerelease_; }

  /// By precedence: a pre-release comes before its release, build metadata does not count.
  friend std::strong_ordering operator<=>(const SemanticVersion& left,
                                          const SemanticVersion& right);
  friend bool operator==(const SemanticVersion& left, const SemanticVersion& right) {
    return std::is_eq(left <=> right);
  }

 private:
  std::uint64_t major_;
  std::uint64_t minor_;
  std::uint64_t patch_;
  std::string prerelease_;
};

/// A number of digits alone that fits into 64 bits, or nothing. Errors: INVALID_ARGUMENT.
absl::StatusOr<std::uint64_t> ParseVersionNumber(std::string_view text);

/// Whether `text` is what may follow the "-" of a pre-release or the "+" of build metadata:
/// identifiers of letters, digits and '-' between dots.
bool AreVersionIdentifiers(std::string_view text);

}  // namespace berth::helm
