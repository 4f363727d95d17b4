#pragma once

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/pool/pool_state.h"

namespace berth::port {

/// The pools as this replica sees them. May be used by several threads. Each call may also answer
/// UNAVAILABLE, NOT_READY while the replica has not read them yet.
class Pools {
 public:
  virtual ~Pools() = default;

  /// NOT_FOUND, POOL_NOT_FOUND if there is none; FAILED_PRECONDITION, POOL_NOT_READY for one whose
  /// object cannot be used.
  virtual absl::StatusOr<std::shared_ptr<const pool::PoolState>> Find(
      const pool::PoolName& name) = 0;
  /// By name.
  virtual absl::StatusOr<std::vector<std::shared_ptr<const pool::PoolState>>> List() = 0;
  /// OK once this replica has made sure that whatever the pool's load balancers carry for Berth has
  /// a claim: before that it may not hand out ports. UNAVAILABLE, NOT_READY otherwise.
  virtual absl::Status CheckOpen(const pool::Pool& pool) = 0;
};

}  // namespace berth::port
