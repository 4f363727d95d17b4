#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace berth::helm {

/// Version of a `helm` program.
struct HelmVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;

  /// Reads what `helm version --template={{.Version}}` prints, such as "v4.1.4" or
  /// "v3.17.3+g123". Errors: INVALID_ARGUMENT.
  static absl::StatusOr<HelmVersion> Parse(std::string_view text);

  std::string ToString() const;
  friend auto operator<=>(const HelmVersion&, const HelmVersion&) = default;
};

/// The oldest Helm 3 whose flags are known here.
inline constexpr HelmVersion kOldestHelm3{3, 14, 0};
/// The oldest Helm 4.
inline constexpr HelmVersion kOldestHelm4{4, 0, 0};

/// OK for the versions whose flags are known here: Helm 3 from kOldestHelm3 on, and Helm 4.
/// FAILED_PRECONDITION otherwise.
absl::Status CheckSupported(const HelmVersion& version);

}  // namespace berth::helm
