#include "port-service/domain/lost_claims.h"

#include <algorithm>

namespace berth::port {

std::size_t RemovalLimit(std::size_t total) { return std::max<std::size_t>(5, total / 10); }

std::vector<Claim> LostClaims::Confirm(const std::vector<Claim>& without_rule, TimePoint now) {
  std::map<std::pair<std::string, std::string>, TimePoint> seen;
  std::vector<Claim> confirmed;
  for (const Claim& claim : without_rule) {
    const std::pair key(claim.uid, claim.resource_version);
    const auto before = seen_.find(key);
    const TimePoint first = before == seen_.end() ? now : before->second;
    seen.emplace(key, first);
    if (before != seen_.end() && now - first >= interval_) {
      confirmed.push_back(claim);
    }
  }
  seen_ = std::move(seen);
  return confirmed;
}

}  // namespace berth::port
