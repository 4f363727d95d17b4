#include "helm-service/domain/release_labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "absl/status/status.h"

namespace berth::helm {
namespace {

constexpr std::size_t kMostLabels = 32;
constexpr std::size_t kLongestName = 63;
constexpr std::size_t kLongestPrefix = 253;
constexpr std::array<std::string_view, 6> kHelmsOwn = {"name",    "owner",     "status",
                                                       "version", "createdAt", "modifiedAt"};

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetterOrDigit(char c) { return IsLower(c) || IsDigit(c) || (c >= 'A' && c <= 'Z'); }

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && IsLetterOrDigit(text.front()) &&
         IsLetterOrDigit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return IsLetterOrDigit(c) || c == '-' || c == '_' || c == '.';
         });
}

bool IsPrefix(std::string_view text) {
  return !text.empty() && text.size() <= kLongestPrefix && text.front() != '.' &&
         text.back() != '.' && std::all_of(text.begin(), text.end(), [](char c) {
           return IsLower(c) || IsDigit(c) || c == '-' || c == '.';
         });
}

bool IsKey(std::string_view key) {
  const std::size_t slash = key.find('/');
  if (slash == std::string_view::npos) return IsName(key);
  return IsPrefix(key.substr(0, slash)) && IsName(key.substr(slash + 1));
}

}  // namespace

absl::StatusOr<ReleaseLabels> ReleaseLabels::Parse(std::map<std::string, std::string> labels) {
  if (labels.size() > kMostLabels) {
    return absl::InvalidArgumentError(fmt::format("must be at most {}", kMostLabels));
  }
  for (const auto& [key, value] : labels) {
    if (!IsKey(key)) {
      return absl::InvalidArgumentError(
          "keys must be those of Kubernetes labels: a name of at most 63 letters, digits, '-', '_' "
          "or '.', perhaps with a domain and '/' before it");
    }
    if (std::find(kHelmsOwn.begin(), kHelmsOwn.end(), key) != kHelmsOwn.end()) {
      return absl::InvalidArgumentError(fmt::format("'{}' is a label of Helm's own", key));
    }
    if (!value.empty() && !IsName(value)) {
      return absl::InvalidArgumentError(
          fmt::format("the value of '{}' must be at most 63 letters, digits, '-', '_' or '.', with "
                      "a letter or digit at both ends",
                      key));
    }
  }
  return ReleaseLabels(std::move(labels));
}

std::string ReleaseLabels::ToFlag() const {
  std::string flag;
  for (const auto& [key, value] : labels_) {
    if (!flag.empty()) flag += ',';
    flag += key;
    flag += '=';
    flag += value;
  }
  return flag;
}

}  // namespace berth::helm
