#include "helm-service/domain/version_constraint.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "common/status/macros.h"

namespace berth::helm {
namespace {

constexpr std::size_t kLongestConstraint = 256;
constexpr std::string_view kBlanks = " \t";

absl::Status Refused() {
  return absl::InvalidArgumentError(
      "must be a version or a range of versions, such as 1.2.3, ^1.2, >=1.2 <2, 1.2.x or * "
      "(at most 256 characters)");
}

void SkipBlanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
}

bool TakePrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool IsWildcard(std::string_view part) { return part == "x" || part == "X" || part == "*"; }

// "1.2 - 2.3" as ">=1.2 <=2.3".
std::string WithRangesWritten(std::string text) {
  static const LazyRE2 kRange = {R"((v?[0-9xX*][^\s,|]*)\s+-\s+(v?[0-9xX*][^\s,|]*))"};
  RE2::GlobalReplace(&text, *kRange, R"(>=\1 <=\2 )");
  return text;
}

}  // namespace

VersionConstraint VersionConstraint::Any() {
  return VersionConstraint(
      "*", {Alternative{.comparisons = {Comparison{.op = Operator::kEqual,
                                                   .bound = SemanticVersion(0, 0, 0, ""),
                                                   .precision = Precision::kNothing}}}});
}

absl::StatusOr<VersionConstraint> VersionConstraint::Parse(std::string_view text) {
  SkipBlanks(text);
  text = text.substr(0, text.find_last_not_of(kBlanks) + 1);
  if (text.empty()) return Any();
  if (text.size() > kLongestConstraint) return Refused();
  constexpr std::string_view kOr = "||";
  const std::string written = WithRangesWritten(std::string(text));
  std::vector<Alternative> alternatives;
  for (std::size_t begin = 0; begin <= written.size();) {
    const std::size_t end = std::min(written.find(kOr, begin), written.size());
    ASSIGN_OR_RETURN(Alternative alternative,
                     ParseAlternative(std::string_view(written).substr(begin, end - begin)));
    alternatives.push_back(std::move(alternative));
    begin = end + kOr.size();
  }
  return VersionConstraint(std::string(text), std::move(alternatives));
}

absl::StatusOr<VersionConstraint::Alternative> VersionConstraint::ParseAlternative(
    std::string_view text) {
  Alternative alternative;
  while (true) {
    std::optional<Comparison> comparison = TakeComparison(text);
    if (!comparison.has_value()) return Refused();
    alternative.allows_prereleases |= !comparison->bound.prerelease().empty();
    alternative.comparisons.push_back(*std::move(comparison));
    SkipBlanks(text);
    if (text.empty()) return alternative;
    TakePrefix(text, ",");
  }
}

// An operator and a version from the front of `text`.
std::optional<VersionConstraint::Comparison> VersionConstraint::TakeComparison(
    std::string_view& text) {
  SkipBlanks(text);
  const std::optional<Operator> op = TakeOperator(text);
  SkipBlanks(text);
  const std::size_t length = std::min(text.find_first_of(" \t,"), text.size());
  auto bound = ParseBound(text.substr(0, length));
  text.remove_prefix(length);
  if (!op.has_value() || !bound.has_value()) return std::nullopt;
  return Comparison{.op = *op, .bound = std::move(bound->first), .precision = bound->second};
}

std::optional<VersionConstraint::Operator> VersionConstraint::TakeOperator(std::string_view& text) {
  struct Spelling {
    std::string_view text;
    Operator op;
  };
  // Longer ones before those that they begin with.
  constexpr std::array<Spelling, 11> kSpellings = {{
      {"!=", Operator::kNotEqual},
      {">=", Operator::kGreaterOrEqual},
      {"=>", Operator::kGreaterOrEqual},
      {"<=", Operator::kLessOrEqual},
      {"=<", Operator::kLessOrEqual},
      {"~>", Operator::kTilde},
      {"=", Operator::kEqual},
      {">", Operator::kGreater},
      {"<", Operator::kLess},
      {"~", Operator::kTilde},
      {"^", Operator::kCaret},
  }};
  for (const Spelling& spelling : kSpellings) {
    if (TakePrefix(text, spelling.text)) return spelling.op;
  }
  return Operator::kEqual;
}

// A version of which numbers may be missing or wildcards; after the first such one, numbers do not
// count, a pre-release does.
std::optional<std::pair<SemanticVersion, VersionConstraint::Precision>>
VersionConstraint::ParseBound(std::string_view text) {
  TakePrefix(text, "v");
  const std::size_t plus = text.find('+');
  if (plus != std::string_view::npos && !AreVersionIdentifiers(text.substr(plus + 1))) {
    return std::nullopt;
  }
  text = text.substr(0, plus);
  const std::size_t dash = text.find('-');
  std::string_view numbers = text.substr(0, dash);
  std::array<std::uint64_t, 3> parts{};
  std::size_t known = 0;
  bool ended = false;
  for (std::size_t i = 0; !numbers.empty() || i == 0; ++i) {
    const std::size_t dot = numbers.find('.');
    const std::string_view part = numbers.substr(0, dot);
    const bool wildcard = IsWildcard(part);
    const absl::StatusOr<std::uint64_t> number =
        wildcard ? absl::StatusOr<std::uint64_t>(0) : ParseVersionNumber(part);
    const bool trailing_dot = dot != std::string_view::npos && dot + 1 == numbers.size();
    if (i == parts.size() || !number.ok() || trailing_dot) return std::nullopt;
    ended |= wildcard;
    if (!ended) parts[known++] = *number;
    numbers.remove_prefix(dot == std::string_view::npos ? numbers.size() : dot + 1);
  }
  const std::string prerelease(dash == std::string_view::npos ? "" : text.substr(dash + 1));
  if (dash != std::string_view::npos && !AreVersionIdentifiers(prerelease)) return std::nullopt;
  return std::pair(SemanticVersion(parts[0], parts[1], parts[2], prerelease),
                   static_cast<Precision>(known));
}

bool VersionConstraint::Allows(const SemanticVersion& version) const {
  return std::any_of(
      alternatives_.begin(), alternatives_.end(), [&](const Alternative& alternative) {
        if (!version.prerelease().empty() && !alternative.allows_prereleases) return false;
        return std::all_of(
            alternative.comparisons.begin(), alternative.comparisons.end(),
            [&](const Comparison& comparison) { return Holds(version, comparison); });
      });
}

std::optional<std::size_t> VersionConstraint::Choose(
    const std::vector<std::string_view>& versions) const {
  const auto exact = std::find(versions.begin(), versions.end(), text_);
  if (exact != versions.end()) return exact - versions.begin();
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const absl::StatusOr<SemanticVersion> version = SemanticVersion::Parse(versions[i]);
    if (version.ok() && Allows(*version)) return i;
  }
  return std::nullopt;
}

bool VersionConstraint::Holds(const SemanticVersion& version, const Comparison& comparison) {
  switch (comparison.op) {
    case Operator::kEqual:
      return comparison.precision == Precision::kFull ? version == comparison.bound
                                                      : HoldsTilde(version, comparison);
    case Operator::kNotEqual:
      return DiffersFrom(version, comparison);
    case Operator::kGreater:
      return IsAbove(version, comparison);
    case Operator::kLess:
      return version < comparison.bound;
    case Operator::kGreaterOrEqual:
      return version >= comparison.bound;
    case Operator::kLessOrEqual:
      return !IsBeyond(version, comparison);
    case Operator::kTilde:
      return HoldsTilde(version, comparison);
    case Operator::kCaret:
      return HoldsCaret(version, comparison);
  }
  return false;
}

// "!=1.2" keeps out all of 1.2, but for its pre-releases.
bool VersionConstraint::DiffersFrom(const SemanticVersion& version, const Comparison& comparison) {
  const SemanticVersion& bound = comparison.bound;
  switch (comparison.precision) {
    case Precision::kMajor:
      return version.major() != bound.major();
    case Precision::kMinor:
      return version.major() != bound.major() || version.minor() != bound.minor() ||
             version.prerelease() != bound.prerelease();
    case Precision::kNothing:
    case Precision::kFull:
      break;
  }
  return version != bound;
}

// ">1.2" begins at 1.3, ">1" at 2.
bool VersionConstraint::IsAbove(const SemanticVersion& version, const Comparison& comparison) {
  const SemanticVersion& bound = comparison.bound;
  switch (comparison.precision) {
    case Precision::kMajor:
      return version.major() > bound.major();
    case Precision::kMinor:
      return version.major() > bound.major() ||
             (version.major() == bound.major() && version.minor() > bound.minor());
    case Precision::kNothing:
    case Precision::kFull:
      break;
  }
  return version > bound;
}

// "<=1.2" ends before 1.3, "<=1" before 2; "<=*" like "<=0.0.x".
bool VersionConstraint::IsBeyond(const SemanticVersion& version, const Comparison& comparison) {
  const SemanticVersion& bound = comparison.bound;
  if (comparison.precision == Precision::kFull) return version > bound;
  return version.major() > bound.major() ||
         (version.major() == bound.major() && version.minor() > bound.minor() &&
          comparison.precision != Precision::kMajor);
}

// "~1.2.3" and "~1.2" end before 1.3, "~1" before 2; "~*" and "~0.0.0" never.
bool VersionConstraint::HoldsTilde(const SemanticVersion& version, const Comparison& comparison) {
  const SemanticVersion& bound = comparison.bound;
  if (version < bound) return false;
  const bool names_nothing =
      comparison.precision == Precision::kNothing || comparison.precision == Precision::kFull;
  if (names_nothing && bound.major() == 0 && bound.minor() == 0 && bound.patch() == 0) return true;
  return version.major() == bound.major() &&
         (version.minor() == bound.minor() || comparison.precision == Precision::kMajor);
}

// Up to the next change of the first number that is not 0: "^1.2.3" ends before 2, "^0.2.3" before
// 0.3, "^0.0.3" before 0.0.4; "^0.0" before 0.1, "^0" before 1.
bool VersionConstraint::HoldsCaret(const SemanticVersion& version, const Comparison& comparison) {
  const SemanticVersion& bound = comparison.bound;
  if (version < bound || version.major() != bound.major()) return false;
  if (bound.major() > 0 || comparison.precision == Precision::kMajor) return true;
  if (version.minor() != bound.minor()) return false;
  if (bound.minor() > 0 || comparison.precision == Precision::kMinor) return true;
  return version.patch() == bound.patch();
}

}  // namespace berth::helm
