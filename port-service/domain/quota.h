#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/pool/pool.h"
#include "port-service/domain/claim.h"

namespace berth::port {

/// The namespace whose quota a claim counts against: that of its exposure, else what its owner
/// begins with, up to the first '/'.
std::string QuotaNamespace(std::string_view owner, std::optional<std::string_view> exposure_ns);
std::string QuotaNamespace(const Claim& claim);

/// OK if a claim that nobody was told of yet may stay: `claims`, those of its pool that count
/// against the same quota, show fewer than the limit before it. RESOURCE_EXHAUSTED, QUOTA_EXCEEDED
/// otherwise.
///
/// Of claims that compete for the last port of a quota the one that was stored first wins, on every
/// replica, provided that `claims` are at least as new as `claim`. A claim that was changed since
/// it was stored has been answered, so it was within the quota and counts as one before. Duplicates
/// of one request's entry count once: all but one are about to go.
absl::Status CheckQuota(const pool::Pool& pool, const std::vector<Claim>& claims,
                        const Claim& claim);

}  // namespace berth::port
