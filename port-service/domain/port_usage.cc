#include "port-service/domain/port_usage.h"

namespace berth::port {

pool::PortsByProtocol ClaimedPorts::All() const {
  pool::PortsByProtocol all = used;
  all.tcp |= quarantined.tcp;
  all.udp |= quarantined.udp;
  return all;
}

PortUsage CountUsage(const pool::PoolState& pool, const ClaimedPorts& claimed,
                     pool::Protocol protocol) {
  PortUsage usage;
  for (int number = pool.pool.first.number(); number <= pool.pool.last.number(); ++number) {
    const pool::Port port = *pool::Port::Parse(number);
    if (!pool.pool.Allows(port)) {
      continue;
    }
    ++usage.total;
    if (claimed.used.Of(protocol).Contains(port)) {
      ++usage.used;
    } else if (claimed.quarantined.Of(protocol).Contains(port)) {
      ++usage.quarantined;
    } else if (pool.held_by_others.Of(protocol).Contains(port)) {
      ++usage.held_by_others;
    } else {
      ++usage.free;
    }
  }
  return usage;
}

}  // namespace berth::port
