#include "helm-service/domain/semantic_version.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "common/status/macros.h"

namespace berth::helm {
namespace {

absl::Status NotAVersion() {
  return absl::InvalidArgumentError("must be a version, such as 1.2.3 or 1.2.3-rc.1");
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

// What stands before the first `separator`; `text` keeps what stands behind it, or nothing.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return taken;
}

// Numbers come before words, and are compared as numbers however long.
std::strong_ordering CompareIdentifiers(std::string_view left, std::string_view right) {
  const bool left_is_number = IsNumber(left);
  if (left_is_number != IsNumber(right)) {
    return left_is_number ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (left_is_number && left.size() != right.size()) return left.size() <=> right.size();
  return left <=> right;
}

std::strong_ordering ComparePrereleases(std::string_view left, std::string_view right) {
  if (left.empty() || right.empty()) return left.empty() <=> right.empty();
  while (!left.empty() && !right.empty()) {
    const auto order = CompareIdentifiers(TakeUntil(left, '.'), TakeUntil(right, '.'));
    if (std::is_neq(order)) return order;
  }
  return !left.empty() <=> !right.empty();
}

// A number with a zero in front has no place in an order of numbers.
bool HasLeadingZero(std::string_view identifiers) {
  while (!identifiers.empty()) {
    const std::string_view identifier = TakeUntil(identifiers, '.');
    if (identifier.size() > 1 && identifier.front() == '0' && IsNumber(identifier)) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<std::uint64_t> ParseVersionNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!IsNumber(text) || error != std::errc()) return NotAVersion();
  return number;
}

bool AreVersionIdentifiers(std::string_view text) {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    const std::string_view identifier = TakeUntil(text, '.');
    const bool well_formed =
        !identifier.empty() && std::all_of(identifier.begin(), identifier.end(), [](char c) {
          return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
        });
    if (!well_formed) return false;
  }
  return true;
}

absl::StatusOr<SemanticVersion> SemanticVersion::Parse(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  const std::size_t plus = text.find('+');
  if (plus != std::string_view::npos && !AreVersionIdentifiers(text.substr(plus + 1))) {
    return NotAVersion();
  }
  text = text.substr(0, plus);
  const std::size_t dash = text.find('-');
  const std::string_view prerelease =
      dash == std::string_view::npos ? std::string_view() : text.substr(dash + 1);
  if (dash != std::string_view::npos &&
      (!AreVersionIdentifiers(prerelease) || HasLeadingZero(prerelease))) {
    return NotAVersion();
  }
  std::string_view rest = text.substr(0, dash);
  if (rest.ends_with('.')) return NotAVersion();
  std::array<std::uint64_t, 3> numbers{};
  std::size_t count = 0;
  do {
    if (count == numbers.size()) return NotAVersion();
    ASSIGN_OR_RETURN(numbers[count], ParseVersionNumber(TakeUntil(rest, '.')));
    ++count;
  } while (!rest.empty());
  return SemanticVersion(numbers[0], numbers[1], numbers[2], std::string(prerelease));
}

std::strong_ordering operator<=>(const SemanticVersion& left, const SemanticVersion& right) {
  if (const auto order = left.major_ <=> right.major_; std::is_neq(order)) return order;
  if (const auto order = left.minor_ <=> right.minor_; std::is_neq(order)) return order;
  if (const auto order = left.patch_ <=> right.patch_; std::is_neq(order)) return order;
  return ComparePrereleases(left.prerelease_, right.prerelease_);
}

}  // namespace berth::helm
