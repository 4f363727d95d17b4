#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ingress-service/domain/claims.h"
#include "ingress-service/domain/confirmed_rules.h"
#include "ingress-service/domain/driver.h"
#include "ingress-service/domain/pools.h"
#include "ingress-service/domain/rule.h"
#include "ingress-service/domain/rule_source.h"
#include "ingress-service/domain/rule_store.h"

namespace berth::ingress {

/// A rule as a caller asks for it; the pool's uid follows from the claim.
struct WantedRule {
  pool::ClaimName name;
  std::string claim_uid;
  Target target;
  RuleOptions options;
  std::optional<pool::ExposureRef> exposure;
};

/// Stores and deletes rules so that none is ever on a load balancer without its claim. The loop
/// (PoolReconciler) does the rest.
///
/// Thread safe; borrows everything. Calls block on the API server and on port-service.
class RuleService {
 public:
  struct Dependencies {
    RuleStore& rules;
    const RuleSource& source;
    Claims& claims;
    Pools& pools;
    const Drivers& drivers;
    ConfirmedRules& confirmed;
  };

  explicit RuleService(Dependencies dependencies) : with_(dependencies) {}

  /// Whether the rule could be applied as things stand. Changes nothing. Errors: those of Apply
  /// but CLAIM_LOST.
  absl::Status Check(const WantedRule& wanted);

  /// Binds the claims in ascending order and stores their rules; an outcome for each, in the order
  /// of `wanted`. Errors: as ApplyRules documents.
  std::vector<absl::StatusOr<Rule>> Apply(const std::vector<WantedRule>& wanted);

  /// Makes the claim RELEASING and deletes its rule, if one is stored. NOT_FOUND, CLAIM_NOT_FOUND
  /// if there is neither claim nor rule.
  absl::Status Delete(const pool::ClaimName& name, const std::string& claim_uid);

 private:
  absl::StatusOr<Rule> ApplyOne(const WantedRule& wanted);
  absl::StatusOr<Rule> TryApplyNew(const WantedRule& wanted, const Claim& claim);
  absl::StatusOr<Rule> TryApply(const WantedRule& wanted);
  absl::Status CheckDriver(const WantedRule& wanted);
  absl::StatusOr<std::optional<Rule>> ReadReplaceable(const WantedRule& wanted);
  absl::StatusOr<Claim> ReadClaim(const WantedRule& wanted);
  absl::Status ConfirmClaim(const Rule& rule);

  const Dependencies with_;
};

}  // namespace berth::ingress
