#include "port-service/domain/opening.h"

namespace berth::port {
namespace {

/// Stands as the owner of claims whose owner is not known any more.
constexpr std::string_view kRecoveredOwner = "berth.dev/recovered";

Claim Recovered(const pool::Pool& pool, const pool::ClaimName& name,
                const std::optional<pool::ExposureRef>& exposure) {
  return {.name = name,
          .pool_uid = pool.uid,
          .owner = *Owner::Parse(kRecoveredOwner),
          .request_id = *RequestId::Parse(name.ToString()),
          .entry = EntryName(),
          .ttl = pool.claim_ttl,
          .exposure = exposure,
          .state = ClaimState::kBound,
          .rule = name.ToString(),
          .ever_bound = true};
}

}  // namespace

std::vector<Claim> MissingClaims(const pool::PoolState& pool, const RulesByName& rules,
                                 const std::set<pool::ClaimName>& claims) {
  std::map<pool::ClaimName, std::optional<pool::ExposureRef>> needed;
  for (const auto& [name, exposure] : rules) {
    if (name.pool() == pool.pool.name) {
      needed.emplace(name, exposure);
    }
  }
  for (const pool::Protocol protocol : pool::kProtocols) {
    for (const pool::Port port : pool.owned.Of(protocol).Ports()) {
      needed.emplace(pool::ClaimName(pool.pool.name, protocol, port), std::nullopt);
    }
  }
  std::vector<Claim> missing;
  for (const auto& [name, exposure] : needed) {
    if (!claims.contains(name)) {
      missing.push_back(Recovered(pool.pool, name, exposure));
    }
  }
  return missing;
}

}  // namespace berth::port
