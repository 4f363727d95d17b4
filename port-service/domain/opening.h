#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "common/pool/pool_state.h"
#include "port-service/domain/claim.h"

namespace berth::port {

/// What the stored rules of a pool say, as far as claims are concerned.
using RulesByName = std::map<pool::ClaimName, std::optional<pool::ExposureRef>>;

/// The claims that have to be created, BOUND, before a pool may hand out ports: one for each rule
/// and each entry on the load balancers that Berth owns and that has no claim. They may be missing
/// after a restored backup or when claims were removed by force.
std::vector<Claim> MissingClaims(const pool::PoolState& pool, const RulesByName& rules,
                                 const std::set<pool::ClaimName>& claims);

}  // namespace berth::port
