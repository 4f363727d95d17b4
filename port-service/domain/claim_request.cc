#include "port-service/domain/claim_request.h"

#include <algorithm>

namespace berth::port {
namespace {

bool Matches(const PoolSelector::LoadBalancers& wanted,
             const pool::LoadBalancerState& load_balancer) {
  return (wanted.ns.empty() || wanted.ns == load_balancer.ref.name.ns) &&
         (!wanted.labels.has_value() || MatchesLabels(*wanted.labels, load_balancer.labels));
}

bool HasAddress(const pool::PoolState& pool, const pool::Address& address) {
  const auto among = [&](const std::vector<pool::Address>& addresses) {
    return std::find(addresses.begin(), addresses.end(), address) != addresses.end();
  };
  return among(pool.addresses) ||
         std::any_of(pool.load_balancers.begin(), pool.load_balancers.end(),
                     [&](const pool::LoadBalancerState& load_balancer) {
                       return among(load_balancer.addresses);
                     });
}

}  // namespace

bool Matches(const PoolSelector& selector, const pool::PoolState& pool) {
  if (selector.address.has_value() && !HasAddress(pool, *selector.address)) {
    return false;
  }
  return !selector.load_balancers.has_value() ||
         std::any_of(pool.load_balancers.begin(), pool.load_balancers.end(),
                     [&](const pool::LoadBalancerState& load_balancer) {
                       return Matches(*selector.load_balancers, load_balancer);
                     });
}

}  // namespace berth::port
