#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace berth::kube {

/// A Kubernetes label selector: requirements joined by ',', each `key`, `!key`, `key=value` (also
/// `==`), `key!=value`, `key in (a,b)` or `key notin (a,b)`. As in Kubernetes, `!=` and `notin`
/// also fit where the label is absent.
class LabelSelector {
 public:
  /// The value of a label, if it is there.
  using Lookup = std::function<std::optional<std::string_view>(std::string_view key)>;

  /// At most 1024 characters. Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<LabelSelector> Parse(std::string_view text);

  bool Matches(const Lookup& label) const;

 private:
  friend class LabelSelectorParser;

  struct Requirement {
    enum class Kind { kExists, kIsAbsent, kIsOneOf, kIsNoneOf };
    Kind kind = Kind::kExists;
    std::string key;
    std::vector<std::string> values;
  };

  std::vector<Requirement> requirements_;
};

}  // namespace berth::kube
