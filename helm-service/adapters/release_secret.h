#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "helm-service/domain/release.h"

namespace berth::helm {

/// Selects the Secrets that hold releases.
inline constexpr std::string_view kReleaseFieldSelector = "type=helm.sh/release.v1";

/// Where Helm stores a revision.
kube::ObjectName ReleaseSecretName(const ReleaseKey& key, int revision);

/// Whose Secret it is; nothing if its labels or its namespace are not those of a release that Berth
/// can name.
std::optional<ReleaseKey> ReleaseKeyOf(const kube::Json& secret);

/// Revision and status as the labels say; nothing without a revision.
std::optional<RevisionInfo> RevisionInfoOf(const kube::Json& secret);

/// The release in a whole Secret. Errors: DATA_LOSS for a body that Helm did not write.
absl::StatusOr<Release> ReadReleaseSecret(const ReleaseKey& key, const kube::Json& secret);

}  // namespace berth::helm
