#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

namespace berth::helm {

/// Replaces what a caller sent as values where it appears in Helm's output: every text of 6 bytes
/// or more (4 under a key that names a credential), each line of it, and its base64 form, which is
/// how it stands in a Secret. Numbers and booleans stay. Immutable, thread safe.
class Redactor {
 public:
  /// `known` are texts that everyone may see, such as the release's name.
  Redactor(const nlohmann::json& values, const std::vector<std::string>& known);

  /// `text` with every secret replaced by "[redacted]".
  std::string Redact(std::string_view text) const;

 private:
  void AddValue(const nlohmann::json& value, bool credential);
  void AddText(std::string_view text, bool credential);
  // Length of the longest secret that `text` starts with, 0 for none.
  std::size_t MatchLength(std::string_view text) const;

  std::unordered_set<std::string> known_;
  std::set<std::string, std::less<>> secrets_;
};

}  // namespace berth::helm
