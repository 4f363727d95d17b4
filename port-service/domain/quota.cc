#include "port-service/domain/quota.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "common/status/status.h"
#include "port-service/domain/claim_key.h"

namespace berth::port {
namespace {

/// What stays the same between duplicates of one request's entry.
std::pair<std::string, pool::Protocol> EntryOf(const Claim& claim) {
  return {ClaimKey(claim), claim.name.protocol()};
}

/// Whether the port is still kept for whoever asked for it.
bool TakesQuota(const Claim& claim) {
  switch (claim.state) {
    case ClaimState::kReserved:
      return !claim.deleting;
    case ClaimState::kBound:
    case ClaimState::kReleasing:
      return true;
    case ClaimState::kQuarantined:
      return false;
  }
  return false;
}

int CountBefore(const std::vector<Claim>& claims, const Claim& claim) {
  std::set<std::pair<std::string, pool::Protocol>> before;
  for (const Claim& other : claims) {
    if (TakesQuota(other) && EntryOf(other) != EntryOf(claim) &&
        (other.answered() || StoredBefore(other, claim))) {
      before.insert(EntryOf(other));
    }
  }
  return static_cast<int>(before.size());
}

}  // namespace

std::string QuotaNamespace(std::string_view owner, std::optional<std::string_view> exposure_ns) {
  return std::string(exposure_ns.value_or(owner.substr(0, owner.find('/'))));
}

std::string QuotaNamespace(const Claim& claim) {
  return QuotaNamespace(claim.owner.value(),
                        claim.exposure.has_value()
                            ? std::optional<std::string_view>(claim.exposure->ns)
                            : std::nullopt);
}

absl::Status CheckQuota(const pool::Pool& pool, const std::vector<Claim>& claims,
                        const Claim& claim) {
  const std::string ns = QuotaNamespace(claim);
  const std::optional<int> limit = pool.quotas.For(ns);
  if (!limit.has_value() || CountBefore(claims, claim) < *limit) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kResourceExhausted, Reason::ERROR_REASON_QUOTA_EXCEEDED,
               fmt::format("namespace '{}' may hold {} ports of pool '{}', and it has them: give "
                           "one back or have the quota raised",
                           ns, *limit, pool.name.value()))
      .WithMetadata("pool", pool.name.value())
      .WithMetadata("namespace", ns)
      .WithMetadata("limit", std::to_string(*limit));
}

}  // namespace berth::port
