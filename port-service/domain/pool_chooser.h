#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "port-service/domain/claim_request.h"
#include "port-service/domain/claim_store.h"
#include "port-service/domain/pools.h"

namespace berth::port {

/// Finds the pools that a request may be served from. What a request has decides first: a repeated
/// one is sent to the pool where its claims are. Thread safe, without state of its own.
class PoolChooser {
 public:
  using PoolStates = std::vector<std::shared_ptr<const pool::PoolState>>;
  /// The pool of the claim that the owner got or changed last, as far as this replica has seen;
  /// none if it has none.
  using LastPool = std::function<std::optional<pool::PoolName>(const Owner& owner)>;
  /// A number from 0 to `bound` - 1, each as likely. May be called by several threads.
  using Random = std::function<std::uint64_t(std::uint64_t bound)>;

  /// All are borrowed.
  PoolChooser(Pools& pools, ClaimView& view, LastPool last_pool, Random random);

  /// At least one pool, in the order in which they are to be tried, all open. A pool that was named
  /// need not be usable, one that was chosen is.
  ///
  /// NOT_FOUND: POOL_NOT_FOUND. FAILED_PRECONDITION: POOL_NOT_READY, POOLS_OVERLAP. UNAVAILABLE:
  /// NOT_READY. Metadata `candidates` names the pools that fit a selector.
  absl::StatusOr<PoolStates> Choose(const ClaimRequest& request);

 private:
  absl::StatusOr<PoolStates> OpenPool(const pool::PoolName& name);
  std::optional<pool::PoolName> PoolOfRequest(const ClaimRequest& request);
  absl::StatusOr<PoolStates> ReadyPools(const PoolSelector& selector);
  void Order(PoolStates& pools, PoolSelector::Strategy strategy, const ClaimRequest& request);

  Pools& pools_;
  ClaimView& view_;
  const LastPool last_pool_;
  const Random random_;
};

/// The same error, with the pools that might have served the request.
absl::Status WithCandidates(const absl::Status& status, const PoolChooser::PoolStates& pools);

}  // namespace berth::port
