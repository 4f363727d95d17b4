#include "port-service/domain/claim_filter.h"

#include <string_view>

#include "port-service/domain/quota.h"

namespace berth::port {
namespace {

bool MatchesLabels(const kube::LabelSelector& selector, const Labels& labels) {
  return selector.Matches([&](std::string_view key) -> std::optional<std::string_view> {
    const auto found = labels.find(std::string(key));
    return found == labels.end() ? std::nullopt : std::optional<std::string_view>(found->second);
  });
}

}  // namespace

bool Matches(const ClaimFilter& filter, const Claim& claim) {
  return (!filter.pool.has_value() || filter.pool == claim.name.pool()) &&
         (!filter.owner.has_value() || filter.owner == claim.owner) &&
         (filter.ns.empty() || filter.ns == QuotaNamespace(claim)) &&
         (filter.states.empty() || filter.states.contains(claim.state)) &&
         (!filter.labels.has_value() || MatchesLabels(*filter.labels, claim.labels));
}

}  // namespace berth::port
