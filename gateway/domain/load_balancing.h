#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/domain/exposure.h"
#include "gateway/domain/exposure_spec.h"
#include "gateway/domain/held.h"

namespace berth::gateway {

/// Port-service and ingress-service, as an exposure needs them. Every call may block for a bounded
/// time and may be repeated; errors are those of their contracts.
class LoadBalancing {
 public:
  virtual ~LoadBalancing() = default;

  /// Whether `spec` could be claimed now, as far as that is known without claiming.
  virtual absl::Status Check(const ExposureKey& key, const ExposureSpec& spec) = 0;
  /// Claims a port for each entry, all or none; the same exposure and entry get the same claim.
  /// None of `avoid` is chosen.
  virtual absl::StatusOr<std::vector<Claim>> ClaimPorts(const ExposureRef& exposure,
                                                        const PoolName& pool,
                                                        const std::vector<PortWish>& entries,
                                                        const std::vector<int>& avoid) = 0;
  /// Gives an unbound claim back. OK if it is gone already.
  virtual absl::Status ReleaseClaim(const std::string& name, const std::string& uid) = 0;
  /// Stores the rules; one answer each, in order. An error of the call is every rule's.
  virtual std::vector<absl::StatusOr<Rule>> ApplyRules(const ExposureRef& exposure,
                                                       const std::vector<RuleWish>& rules) = 0;
  /// Begins to remove the rule of a claim, stored or not. OK if the claim is gone already.
  virtual absl::Status DeleteRule(const std::string& name, const std::string& claim_uid) = 0;
  /// Where a pool answers.
  virtual absl::StatusOr<std::vector<Address>> Addresses(const PoolName& pool) = 0;
};

}  // namespace berth::gateway
