#pragma once

#include "common/pool/pool_state.h"

namespace berth::port {

/// The ports of a pool that have a claim.
struct ClaimedPorts {
  /// RESERVED, BOUND or RELEASING.
  pool::PortsByProtocol used;
  pool::PortsByProtocol quarantined;

  /// Whatever their state.
  pool::PortsByProtocol All() const;
};

/// How many ports of a pool's range, reserved ones left out, are in which use.
struct PortUsage {
  int total = 0;
  int used = 0;
  int quarantined = 0;
  /// Without a claim, and on the load balancer for somebody else.
  int held_by_others = 0;
  int free = 0;

  friend bool operator==(const PortUsage&, const PortUsage&) = default;
};

PortUsage CountUsage(const pool::PoolState& pool, const ClaimedPorts& claimed,
                     pool::Protocol protocol);

}  // namespace berth::port
