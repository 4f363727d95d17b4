#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "helm-service/domain/consistency_token.h"
#include "helm-service/domain/names.h"

namespace berth::helm {

/// States that Helm stores with each revision.
enum class ReleaseStatus {
  kUnknown,
  kDeployed,
  kUninstalled,
  kSuperseded,
  kFailed,
  kUninstalling,
  kPendingInstall,
  kPendingUpgrade,
  kPendingRollback,
};

/// Helm's word for a state, such as "pending-install"; kUnknown for words that are not Helm's.
ReleaseStatus ParseReleaseStatus(std::string_view text);
std::string_view ToString(ReleaseStatus status);

/// Whether Helm refuses to touch the release because it believes that someone works on it.
bool IsPending(ReleaseStatus status);

/// Whether Helm refuses to upgrade the release because of its state: pending, or half uninstalled.
bool IsLocked(ReleaseStatus status);

/// What the labels of a release's newest revision say.
struct RevisionInfo {
  /// From 1.
  int revision = 0;
  ReleaseStatus status = ReleaseStatus::kUnknown;

  bool operator==(const RevisionInfo&) const = default;
};

/// The one with the highest number; nothing for none.
std::optional<RevisionInfo> NewestOf(const std::vector<RevisionInfo>& revisions);

/// NOT_FOUND (RELEASE_NOT_FOUND).
absl::Status NoSuchRelease(const ReleaseKey& key);

/// Labels of users, ordered by key; Helm's own are left out.
using Labels = std::vector<std::pair<std::string, std::string>>;

/// A revision as Helm stored it; texts are Helm's and may repeat values.
struct Release {
  ReleaseKey key;
  RevisionInfo newest;
  std::string chart_name;
  std::string chart_version;
  std::string app_version;
  /// RFC 3339 as Helm wrote it, or empty.
  std::string deploy_time;
  std::string description;
  std::string notes;
  Labels labels;
  /// As deploy_time: when the release was first deployed.
  std::string first_deploy_time;
  /// What a list must show to show this.
  std::optional<ConsistencyToken> token;
};

}  // namespace berth::helm
