#include "helm-service/domain/release.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "common/status/status.h"

namespace berth::helm {
namespace {

constexpr std::array<std::pair<ReleaseStatus, std::string_view>, 9> kWords = {{
    {ReleaseStatus::kUnknown, "unknown"},
    {ReleaseStatus::kDeployed, "deployed"},
    {ReleaseStatus::kUninstalled, "uninstalled"},
    {ReleaseStatus::kSuperseded, "superseded"},
    {ReleaseStatus::kFailed, "failed"},
    {ReleaseStatus::kUninstalling, "uninstalling"},
    {ReleaseStatus::kPendingInstall, "pending-install"},
    {ReleaseStatus::kPendingUpgrade, "pending-upgrade"},
    {ReleaseStatus::kPendingRollback, "pending-rollback"},
}};

}  // namespace

ReleaseStatus ParseReleaseStatus(std::string_view text) {
  for (const auto& [status, word] : kWords) {
    if (word == text) return status;
  }
  return ReleaseStatus::kUnknown;
}

std::string_view ToString(ReleaseStatus status) {
  for (const auto& [known, word] : kWords) {
    if (known == status) return word;
  }
  return "unknown";
}

bool IsPending(ReleaseStatus status) {
  return status == ReleaseStatus::kPendingInstall || status == ReleaseStatus::kPendingUpgrade ||
         status == ReleaseStatus::kPendingRollback;
}

bool IsLocked(ReleaseStatus status) {
  return IsPending(status) || status == ReleaseStatus::kUninstalling;
}

std::optional<RevisionInfo> NewestOf(const std::vector<RevisionInfo>& revisions) {
  const auto newest = std::max_element(
      revisions.begin(), revisions.end(),
      [](const RevisionInfo& a, const RevisionInfo& b) { return a.revision < b.revision; });
  return newest == revisions.end() ? std::nullopt : std::optional(*newest);
}

absl::Status NoSuchRelease(const ReleaseKey& key) {
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND,
               fmt::format("release {}/{} does not exist", key.ns.value(), key.name.value()));
}

}  // namespace berth::helm
