#include "gateway/domain/names.h"

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

#include "common/status/status.h"

namespace berth::gateway {
namespace {

bool IsLetter(char c) { return c >= 'a' && c <= 'z'; }
bool IsAlphanumeric(char c) { return IsLetter(c) || (c >= '0' && c <= '9'); }

bool IsLabel(const NameRule& rule, std::string_view label) {
  if (label.empty() || !IsAlphanumeric(label.front()) || !IsAlphanumeric(label.back())) {
    return false;
  }
  if (rule.letter_first && !IsLetter(label.front())) {
    return false;
  }
  return label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool AreLabels(const NameRule& rule, std::string_view text) {
  while (rule.dots) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) {
      break;
    }
    if (!IsLabel(rule, text.substr(0, dot))) {
      return false;
    }
    text.remove_prefix(dot + 1);
  }
  return IsLabel(rule, text);
}

}  // namespace

absl::Status CheckName(const NameRule& rule, std::string_view text) {
  if (text.empty()) {
    return InvalidField("", "is required");
  }
  if (text.size() > rule.max_length) {
    return InvalidField("",
                        fmt::format("{} has at most {} characters", rule.noun, rule.max_length));
  }
  if (!AreLabels(rule, text)) {
    return InvalidField(
        "", fmt::format("{} consists of lower case letters, digits and '-'{}, with a {} in front "
                        "and a letter or digit at the end",
                        rule.noun, rule.dots ? " (and '.' between labels)" : "",
                        rule.letter_first ? "letter" : "letter or digit"));
  }
  return absl::OkStatus();
}

}  // namespace berth::gateway
