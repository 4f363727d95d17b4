#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "common/pool/claim_name.h"
#include "ingress-service/domain/driver.h"
#include "ingress-service/domain/pools.h"
#include "ingress-service/domain/rule_source.h"

namespace berth::ingress {

/// Looks at what is on a pool's load balancer, and changes nothing. Thread safe; borrows
/// everything; calls block on the API server.
class PoolInspector {
 public:
  PoolInspector(const Pools& pools, const RuleSource& rules, const Drivers& drivers)
      : pools_(pools), rules_(rules), drivers_(drivers) {}

  /// What others changed of Berth's entries. NOT_FOUND, POOL_NOT_FOUND; UNIMPLEMENTED,
  /// DRIVER_NOT_SUPPORTED; UNAVAILABLE, NOT_READY.
  absl::StatusOr<std::vector<ObjectDrift>> FindDrift(const pool::PoolName& pool) const;

  /// The entries that were there without Berth and could become rules. Errors: as of FindDrift.
  absl::StatusOr<std::vector<ForeignEntry>> FindForeign(const pool::PoolName& pool) const;

 private:
  struct View {
    Driver* driver = nullptr;
    ProgramRequest request;
  };
  absl::StatusOr<View> LookAt(const pool::PoolName& pool) const;

  const Pools& pools_;
  const RuleSource& rules_;
  const Drivers& drivers_;
};

}  // namespace berth::ingress
