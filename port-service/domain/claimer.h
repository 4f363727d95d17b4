#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "port-service/domain/allocator.h"
#include "port-service/domain/claim_request.h"
#include "port-service/domain/pool_chooser.h"

namespace berth::port {

/// Serves a request: finds a pool for it and takes the ports there. Thread safe, without state of
/// its own.
class Claimer {
 public:
  struct Claimed {
    std::shared_ptr<const pool::PoolState> pool;
    /// By wish and then by protocol.
    std::vector<Claim> claims;
  };

  /// Both are borrowed.
  Claimer(PoolChooser& chooser, Allocator& allocator) : chooser_(chooser), allocator_(allocator) {}

  /// Errors: those of PoolChooser::Choose and Allocator::Allocate; of several pools those of the
  /// one that was tried first, with metadata `candidates`.
  absl::StatusOr<Claimed> Claim(const ClaimRequest& request);
  /// Whether there is a pool for it that hands out ports. Takes none.
  absl::Status Check(const ClaimRequest& request);

 private:
  PoolChooser& chooser_;
  Allocator& allocator_;
};

}  // namespace berth::port
