#pragma once

#include <optional>
#include <set>
#include <string>

#include "common/kube/label_selector.h"
#include "common/pool/claim_name.h"
#include "port-service/domain/claim.h"
#include "port-service/domain/names.h"

namespace berth::port {

/// Which claims to list or watch; what is unset or empty fits every claim.
struct ClaimFilter {
  std::optional<pool::PoolName> pool;
  std::optional<Owner> owner;
  /// The namespace that quotas count the claim for (QuotaNamespace).
  std::string ns;
  std::set<ClaimState> states;
  std::optional<kube::LabelSelector> labels;
};

bool Matches(const ClaimFilter& filter, const Claim& claim);

}  // namespace berth::port
