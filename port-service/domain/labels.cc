#include "port-service/domain/labels.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "common/status/status.h"

namespace berth::port {
namespace {

constexpr std::string_view kOwnDomain = "berth.dev";
constexpr std::size_t kLongestWord = 63;
constexpr std::size_t kLongestPrefix = 253;

absl::Status Refuse(std::string_view problem) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD, problem);
}

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsAlphanumeric(char c) { return IsLowerOrDigit(c) || (c >= 'A' && c <= 'Z'); }

/// Begins and ends with a letter or digit; '-', '_' and '.' may stand between.
bool IsLabelWord(std::string_view text) {
  const auto allowed = [](char c) { return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.size() <= kLongestWord && IsAlphanumeric(text.front()) &&
         IsAlphanumeric(text.back()) && std::all_of(text.begin(), text.end(), allowed);
}

bool IsDnsLabel(std::string_view text) {
  const auto allowed = [](char c) { return IsLowerOrDigit(c) || c == '-'; };
  return !text.empty() && text.size() <= kLongestWord && IsLowerOrDigit(text.front()) &&
         IsLowerOrDigit(text.back()) && std::all_of(text.begin(), text.end(), allowed);
}

bool IsDnsName(std::string_view text) {
  if (text.size() > kLongestPrefix) {
    return false;
  }
  std::size_t dot = text.find('.');
  while (dot != std::string_view::npos) {
    if (!IsDnsLabel(text.substr(0, dot))) {
      return false;
    }
    text.remove_prefix(dot + 1);
    dot = text.find('.');
  }
  return IsDnsLabel(text);
}

/// The part of a key before '/'; empty without one.
std::string_view PrefixOf(std::string_view key) {
  const std::size_t slash = key.find('/');
  return slash == std::string_view::npos ? std::string_view() : key.substr(0, slash);
}

bool IsOwn(std::string_view key) {
  const std::string_view prefix = PrefixOf(key);
  return prefix == kOwnDomain ||
         (prefix.ends_with(kOwnDomain) && prefix[prefix.size() - kOwnDomain.size() - 1] == '.');
}

}  // namespace

absl::Status CheckLabel(std::string_view key, std::string_view value) {
  if (IsOwn(key)) {
    return Refuse("keys of berth.dev are Berth's own");
  }
  const std::size_t slash = key.find('/');
  const bool has_prefix = slash != std::string_view::npos;
  if (!IsLabelWord(has_prefix ? key.substr(slash + 1) : key) ||
      (has_prefix && !IsDnsName(key.substr(0, slash)))) {
    return Refuse(
        "a key is 1 to 63 letters, digits, '-', '_' and '.' that begin and end with a letter or "
        "digit, optionally after a DNS name of at most 253 characters and '/'");
  }
  if (!value.empty() && !IsLabelWord(value)) {
    return Refuse(
        "a value is empty or 1 to 63 letters, digits, '-', '_' and '.' that begin and end with a "
        "letter or digit");
  }
  return absl::OkStatus();
}

Labels WithoutOwnLabels(Labels labels) {
  std::erase_if(labels, [](const auto& label) { return IsOwn(label.first); });
  return labels;
}

bool MatchesLabels(const kube::LabelSelector& selector,
                   const std::map<std::string, std::string>& labels) {
  return selector.Matches([&](std::string_view key) -> std::optional<std::string_view> {
    const auto found = labels.find(std::string(key));
    return found == labels.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  });
}

bool HasLabels(const Labels& labels, const Labels& wanted) {
  return std::includes(labels.begin(), labels.end(), wanted.begin(), wanted.end());
}

}  // namespace berth::port
