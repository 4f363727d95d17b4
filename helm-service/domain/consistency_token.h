#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "helm-service/domain/names.h"

namespace berth::helm {

/// What a list must show after a mutation. Valid on every replica, as it speaks of the cluster's
/// own revisions and of Secrets alone: revisions of different resources cannot be compared.
struct ConsistencyToken {
  /// The state of the releases' Secrets at this resourceVersion.
  std::uint64_t version = 0;
  /// Set after an uninstall: a Secret that is gone has no resourceVersion to wait for, so the wait
  /// is for the end of everything that was stored of this release until `version`.
  std::optional<ReleaseKey> removed;

  /// Opaque to callers.
  std::string ToString() const;
  /// Errors: INVALID_ARGUMENT.
  static absl::StatusOr<ConsistencyToken> Parse(std::string_view text);

  friend bool operator==(const ConsistencyToken&, const ConsistencyToken&) = default;
};

}  // namespace berth::helm
