#pragma once

#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::helm {

/// Labels that a caller gives a release, beside Helm's own: keys and values as Kubernetes takes
/// them, so that none holds a comma or could end another.
class ReleaseLabels {
 public:
  ReleaseLabels() = default;

  /// Errors: INVALID_ARGUMENT, saying which label is wrong and what would be right.
  static absl::StatusOr<ReleaseLabels> Parse(std::map<std::string, std::string> labels);

  bool empty() const { return labels_.empty(); }
  /// As Helm's flag takes them: "a=1,b=2".
  std::string ToFlag() const;

 private:
  explicit ReleaseLabels(std::map<std::string, std::string> labels) : labels_(std::move(labels)) {}
  std::map<std::string, std::string> labels_;
};

}  // namespace berth::helm
