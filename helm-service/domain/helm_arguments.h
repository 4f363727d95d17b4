#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "helm-service/domain/action.h"

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

/// OK for the versions whose flags are known here: 3.14 and later of Helm 3, and Helm 4.
/// FAILED_PRECONDITION otherwise.
absl::Status CheckSupported(const HelmVersion& version);

/// Helm's arguments for an action. `timeout` bounds each wait of Helm's; `archive_path` is where
/// the chart lies, whatever its source: Helm fetches nothing. Flags have the form --flag=value and
/// everything else follows "--", so no text of a caller is ever read as a flag; values are read
/// from standard input.
std::vector<std::string> HelmArguments(const Action& action, const HelmVersion& version,
                                       std::chrono::seconds timeout,
                                       const std::string& archive_path);

}  // namespace berth::helm
