#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "helm-service/domain/semantic_version.h"

namespace berth::helm {

/// Which versions of a chart are wanted, in the language that Helm uses for it: comparisons
/// (`>=1.2 <2`, joined by blanks or commas), alternatives (`||`), `~1.2.3`, `^1.2`, ranges
/// (`1.2 - 2.3`) and wildcards (`1.2.x`, `*`). Pre-releases are wanted only by an alternative that
/// names one.
class VersionConstraint {
 public:
  /// An empty text wants every release. Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<VersionConstraint> Parse(std::string_view text);
  /// Wants every release.
  static VersionConstraint Any();

  bool Allows(const SemanticVersion& version) const;

  /// Where in `versions`, ordered from the newest, the wanted one is: the one written exactly as
  /// the constraint, else the newest that is allowed. What is no version is passed over.
  std::optional<std::size_t> Choose(const std::vector<std::string_view>& versions) const;

  /// As it was written, without blanks around; "*" for every release.
  const std::string& text() const { return text_; }

 private:
  enum class Operator {
    kEqual,
    kNotEqual,
    kGreater,
    kLess,
    kGreaterOrEqual,
    kLessOrEqual,
    kTilde,
    kCaret,
  };
  // How much of a bound was written: "*", "1", "1.2" or "1.2.3". What is missing counts as 0.
  enum class Precision { kNothing, kMajor, kMinor, kFull };
  struct Comparison {
    Operator op;
    SemanticVersion bound;
    Precision precision;
  };
  // Comparisons that must all hold.
  struct Alternative {
    std::vector<Comparison> comparisons;
    bool allows_prereleases = false;
  };

  VersionConstraint(std::string text, std::vector<Alternative> alternatives)
      : text_(std::move(text)), alternatives_(std::move(alternatives)) {}

  static absl::StatusOr<Alternative> ParseAlternative(std::string_view text);
  static std::optional<Comparison> TakeComparison(std::string_view& text);
  static std::optional<Operator> TakeOperator(std::string_view& text);
  static std::optional<std::pair<SemanticVersion, Precision>> ParseBound(std::string_view text);

  static bool Holds(const SemanticVersion& version, const Comparison& comparison);
  static bool HoldsTilde(const SemanticVersion& version, const Comparison& comparison);
  static bool HoldsCaret(const SemanticVersion& version, const Comparison& comparison);
  static bool DiffersFrom(const SemanticVersion& version, const Comparison& comparison);
  static bool IsAbove(const SemanticVersion& version, const Comparison& comparison);
  static bool IsBeyond(const SemanticVersion& version, const Comparison& comparison);

  std::string text_;
  std::vector<Alternative> alternatives_;
};

}  // namespace berth::helm
