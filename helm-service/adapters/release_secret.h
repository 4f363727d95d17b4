#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "helm-service/domain/release.h"
#include "helm-service/domain/release_summary.h"

namespace berth::helm {

/// Selects the Secrets that hold releases.
inline constexpr std::string_view kReleaseFieldSelector = "type=helm.sh/release.v1";

/// Where Helm stores a revision.
kube::ObjectName ReleaseSecretName(const ReleaseKey& key, int revision);

/// NOT_FOUND (RELEASE_NOT_FOUND) for a revision that is not stored.
absl::Status NoSuchRevision(const ReleaseKey& key, int revision);

/// Whose Secret it is; nothing if its labels or its namespace are not those of a release that Berth
/// can name.
std::optional<ReleaseKey> ReleaseKeyOf(const kube::Json& secret);

/// Revision and status as the labels say; nothing without a revision.
std::optional<RevisionInfo> RevisionInfoOf(const kube::Json& secret);

/// The Secret's resourceVersion; 0 if it has none.
std::uint64_t VersionOf(const kube::Json& secret);

/// What a list needs of a Secret's metadata; nothing if it is not one that Helm stores a release
/// in: its labels and its name must say the same.
std::optional<ReleaseSummary> SummaryOf(const kube::Json& secret);

/// Reads a time as Helm wrote it (RFC 3339); nothing if it is none, such as Go's zero time.
std::optional<RevisionFacts::Time> ParseHelmTime(const std::string& text);

/// The release in a whole Secret. Errors: DATA_LOSS for a body that Helm did not write.
absl::StatusOr<Release> ReadReleaseSecret(const ReleaseKey& key, const kube::Json& secret);

}  // namespace berth::helm
