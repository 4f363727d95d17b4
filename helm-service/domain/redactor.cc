#include "helm-service/domain/redactor.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "absl/strings/escaping.h"

namespace berth::helm {
namespace {

constexpr std::size_t kShortest = 6;
constexpr std::size_t kShortestCredential = 4;
constexpr std::string_view kReplacement = "[redacted]";

bool NamesACredential(std::string_view key) {
  constexpr std::array<std::string_view, 6> kWords = {"pass",       "secret", "token",
                                                      "credential", "key",    "auth"};
  std::string lower(key);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

}  // namespace

Redactor::Redactor(const nlohmann::json& values, const std::vector<std::string>& known)
    : known_(known.begin(), known.end()) {
  Learn(values);
}

void Redactor::Learn(const nlohmann::json& values) {
  const MutexLock lock(mutex_);
  AddValue(values, /*credential=*/false);
}

std::string Redactor::Redact(std::string_view text) const {
  std::string redacted;
  redacted.reserve(text.size());
  const MutexLock lock(mutex_);
  while (!text.empty()) {
    const std::size_t length = MatchLength(text);
    if (length > 0) {
      redacted += kReplacement;
    } else {
      redacted += text.front();
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return redacted;
}

void Redactor::AddValue(const nlohmann::json& value, bool credential) {
  if (value.is_string()) return AddText(value.get_ref<const std::string&>(), credential);
  if (value.is_array()) {
    for (const nlohmann::json& child : value) AddValue(child, credential);
  }
  if (value.is_object()) {
    for (const auto& [key, child] : value.items()) {
      AddValue(child, credential || NamesACredential(key));
    }
  }
}

void Redactor::AddText(std::string_view text, bool credential) {
  const std::size_t shortest = credential ? kShortestCredential : kShortest;
  if (text.size() < shortest || known_.contains(std::string(text))) return;
  // Helm's output comes by lines, so a text of several can only be met one line at a time.
  secrets_.insert(absl::Base64Escape(std::string(text)));
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front())) != 0) {
      line.remove_prefix(1);
    }
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) {
      line.remove_suffix(1);
    }
    if (line.size() >= shortest) {
      secrets_.emplace(line);
      const std::string quoted = nlohmann::json(line).dump();
      secrets_.insert(quoted.substr(1, quoted.size() - 2));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::size_t Redactor::MatchLength(std::string_view text) const {
  // The secret that sorts right before `key` either begins it, or everything shorter that does is a
  // prefix of what the two have in common.
  std::string_view key = text;
  while (!key.empty()) {
    auto next = secrets_.upper_bound(key);
    if (next == secrets_.begin()) return 0;
    const std::string& secret = *--next;
    if (key.starts_with(secret)) return secret.size();
    const auto difference = std::mismatch(key.begin(), key.end(), secret.begin(), secret.end());
    key = key.substr(0, static_cast<std::size_t>(difference.first - key.begin()));
  }
  return 0;
}

}  // namespace berth::helm
