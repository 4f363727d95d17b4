#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

#include "absl/base/thread_annotations.h"
#include "common/sync/mutex.h"

namespace berth::helm {

/// Replaces what a caller sent as values, and what it learned since, where it appears in what Helm
/// and the cluster say: every text of 6 bytes or more (4 under a key that names a credential), each
/// line of it, and its base64 form, which is how it stands in a Secret. Numbers and booleans stay.
/// Thread safe.
class Redactor {
 public:
  /// `known` are texts that everyone may see, such as the release's name.
  Redactor(const nlohmann::json& values, const std::vector<std::string>& known);

  /// Takes more values, such as what a Secret holds.
  void Learn(const nlohmann::json& values);

  /// `text` with every secret replaced by "[redacted]".
  std::string Redact(std::string_view text) const;

 private:
  void AddValue(const nlohmann::json& value, bool credential) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddText(std::string_view text, bool credential) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Length of the longest secret that `text` starts with, 0 for none.
  std::size_t MatchLength(std::string_view text) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::unordered_set<std::string> known_;
  mutable Mutex mutex_;
  std::set<std::string, std::less<>> secrets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::helm
