#include "port-service/domain/claim_filter.h"

#include "port-service/domain/quota.h"

namespace berth::port {
bool Matches(const ClaimFilter& filter, const Claim& claim) {
  return (!filter.pool.has_value() || filter.pool == claim.name.pool()) &&
         (!filter.owner.has_value() || filter.owner == claim.owner) &&
         (filter.ns.empty() || filter.ns == QuotaNamespace(claim)) &&
         (filter.states.empty() || filter.states.contains(claim.state)) &&
         (!filter.labels.has_value() || MatchesLabels(*filter.labels, claim.labels));
}

}  // namespace berth::port
