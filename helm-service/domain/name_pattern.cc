#include "helm-service/domain/name_pattern.h"

#include <algorithm>
#include <cstddef>

namespace berth::helm {
namespace {

constexpr std::size_t kLongest = 63;
constexpr std::string_view kCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-*?";

}  // namespace

absl::StatusOr<NamePattern> NamePattern::Parse(std::string_view text) {
  if (text.empty() || text.size() > kLongest ||
      text.find_first_not_of(kCharacters) != std::string_view::npos) {
    return absl::InvalidArgumentError(
        "must be 1 to 63 lower case letters, digits, '-', '*' (any characters) and '?' (one)");
  }
  return NamePattern(std::string(text));
}

bool NamePattern::Matches(std::string_view name) const {
  // Goes back to the last '*' alone: an earlier one could not do better.
  std::size_t in_pattern = 0;
  std::size_t in_name = 0;
  std::size_t star = std::string::npos;
  std::size_t covered = 0;  // by the last '*', up to here
  while (in_name < name.size()) {
    const char wanted = in_pattern < text_.size() ? text_[in_pattern] : '\0';
    if (wanted == '*') {
      star = in_pattern++;
      covered = in_name;
    } else if (wanted == '?' || wanted == name[in_name]) {
      ++in_pattern;
      ++in_name;
    } else if (star != std::string::npos) {
      in_pattern = star + 1;
      in_name = ++covered;
    } else {
      return false;
    }
  }
  return std::all_of(text_.begin() + static_cast<std::ptrdiff_t>(in_pattern), text_.end(),
                     [](char rest) { return rest == '*'; });
}

}  // namespace berth::helm
