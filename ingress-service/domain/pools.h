#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/pool/pool_state.h"

namespace berth::ingress {

/// The pools as they are watched. Thread safe.
class Pools {
 public:
  virtual ~Pools() = default;
  /// NOT_FOUND, POOL_NOT_FOUND; UNAVAILABLE, NOT_READY before the first list.
  virtual absl::StatusOr<std::shared_ptr<const pool::PoolState>> Find(
      const pool::PoolName& name) const = 0;
  virtual std::vector<std::shared_ptr<const pool::PoolState>> List() const = 0;
  /// The number of removals that an operator approved by annotating the pool with
  /// berth.dev/repair-approved; none without the annotation.
  virtual absl::StatusOr<std::optional<std::size_t>> ApprovedRemovals(
      const pool::PoolName& name) = 0;
};

}  // namespace berth::ingress
