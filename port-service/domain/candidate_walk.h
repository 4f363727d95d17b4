#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "common/pool/pool.h"

namespace berth::port {

/// The order in which a request tries a pool's ports: every port above the static band once, from a
/// start and with a stride that the seed decides. Requests seldom meet that way, and a repeated
/// request takes the same way on every replica.
class CandidateWalk {
 public:
  CandidateWalk(const pool::Pool& pool, std::uint64_t seed);

  /// The first port on the way that `is_free`; none if there is none.
  std::optional<pool::Port> Find(const std::function<bool(pool::Port)>& is_free) const;

 private:
  /// Lowest port above the static band.
  const int first_;
  const std::uint64_t size_;
  const std::uint64_t start_;
  /// Has no divisor in common with size_, so that the walk meets every port.
  const std::uint64_t stride_;
};

}  // namespace berth::port
