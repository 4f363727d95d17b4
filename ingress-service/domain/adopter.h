#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/pool/claim_name.h"
#include "ingress-service/domain/claims.h"
#include "ingress-service/domain/driver.h"
#include "ingress-service/domain/pool_inspector.h"
#include "ingress-service/domain/rule.h"
#include "ingress-service/domain/rule_service.h"
#include "ingress-service/domain/rule_store.h"

namespace berth::ingress {

/// What became of one entry.
struct Adoption {
  pool::ClaimName name;
  /// What it says; none if there is no such entry of others.
  std::optional<ForeignEntry> entry;
  absl::Status status;
  /// The rule that it belongs to; only if it was adopted, now or before.
  std::optional<Rule> rule;
};

/// Makes entries that others wrote into rules of Berth's, without a moment in which they are gone.
///
/// For each entry: claim its port, which others hold, bind the claim, store the rule, and record in
/// the rule's status the very values that were found. Only that record makes the entry Berth's, so
/// an adoption that stops before it leaves an entry that is still others', under a rule that says
/// PORT_TAKEN; repeating the call goes on from there. An entry that is changed before the record is
/// written does not match it and stays theirs.
///
/// Thread safe; borrows everything. Calls block on the API server and on port-service.
class Adopter {
 public:
  struct Request {
    pool::PoolName pool;
    /// Which entries; empty for all that can be adopted.
    std::vector<PortKey> keys;
    /// Owner of the claims.
    std::string owner;
    /// Only tell what would be adopted.
    bool validate_only = false;
  };

  Adopter(const PoolInspector& inspector, RuleStore& rules, Claims& claims, RuleService& service)
      : inspector_(inspector), rules_(rules), claims_(claims), service_(service) {}

  /// One outcome for each key, in their order, or for each entry found, by port. Errors of single
  /// entries: NOT_FOUND, ENTRY_NOT_FOUND; those of PortService.Claim and of RuleService::Apply.
  absl::StatusOr<std::vector<Adoption>> Adopt(const Request& request);

 private:
  /// The rule of an entry that is nobody else's; there may be none.
  absl::StatusOr<Rule> FindAdopted(const pool::ClaimName& name);
  absl::StatusOr<Rule> AdoptOne(const pool::ClaimName& name, const ForeignEntry& entry,
                                const std::string& owner);
  absl::StatusOr<Rule> Record(const pool::ClaimName& name, const std::string& claim_uid,
                              const ForeignEntry& entry);

  const PoolInspector& inspector_;
  RuleStore& rules_;
  Claims& claims_;
  RuleService& service_;
};

}  // namespace berth::ingress
