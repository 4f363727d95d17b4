#include "helm-service/domain/helm_version.h"

#include <fmt/format.h>

#include <charconv>
#include <cstddef>

namespace berth::helm {

absl::StatusOr<HelmVersion> HelmVersion::Parse(std::string_view text) {
  HelmVersion version;
  std::string_view rest = text;
  if (rest.starts_with('v')) rest.remove_prefix(1);
  for (int* part : {&version.major, &version.minor, &version.patch}) {
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), *part);
    if (error != std::errc()) {
      return absl::InvalidArgumentError(
          fmt::format("'{}' is not a version of Helm", text.substr(0, 100)));
    }
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (!rest.starts_with('.')) break;
    rest.remove_prefix(1);
  }
  return version;
}

std::string HelmVersion::ToString() const { return fmt::format("{}.{}.{}", major, minor, patch); }

absl::Status CheckSupported(const HelmVersion& version) {
  if (version >= kOldestHelm3 && version.major <= kOldestHelm4.major) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("Helm {} is not supported: use Helm 3 from {}.{} on, or Helm 4",
                  version.ToString(), kOldestHelm3.major, kOldestHelm3.minor));
}

}  // namespace berth::helm
