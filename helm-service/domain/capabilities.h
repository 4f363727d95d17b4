#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::helm {

/// A version of Kubernetes that templates are told, such as "1.34" or "v1.34.4-gke.1".
class KubeVersion {
 public:
  /// Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<KubeVersion> Parse(std::string_view text);

  const std::string& value() const { return value_; }

 private:
  explicit KubeVersion(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

/// An API that templates are told of, such as "apps/v1" or "apps/v1/Deployment".
class ApiVersion {
 public:
  /// Errors: INVALID_ARGUMENT, saying what would be right.
  static absl::StatusOr<ApiVersion> Parse(std::string_view text);

  const std::string& value() const { return value_; }

 private:
  explicit ApiVersion(std::string value) : value_(std::move(value)) {}
  std::string value_;
};

}  // namespace berth::helm
