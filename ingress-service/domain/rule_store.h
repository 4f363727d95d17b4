#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/pool/claim_name.h"
#include "ingress-service/domain/rule.h"

namespace berth::ingress {

enum class FinalizerWish { kPresent, kAbsent };

/// The stored rules. Writes are made on the condition that the rule is still the one that was read
/// (its uid and resource_version): ABORTED, KUBERNETES_CONFLICT otherwise; a rule that is gone is
/// NOT_FOUND, RULE_NOT_FOUND. Thread safe.
class RuleStore {
 public:
  virtual ~RuleStore() = default;
  /// A read confirmed by a quorum; none if there is no such rule.
  virtual absl::StatusOr<std::optional<Rule>> Read(const pool::ClaimName& name) = 0;
  /// Stores a new rule with its finalizer. ALREADY_EXISTS, KUBERNETES_CONFLICT if there is one.
  virtual absl::StatusOr<Rule> Create(const pool::ClaimName& name, const RuleSpec& spec) = 0;
  /// Replaces target, options and exposure.
  virtual absl::StatusOr<Rule> ReplaceSpec(const Rule& rule, const RuleSpec& spec) = 0;
  /// Answers the revision it was stored at.
  virtual absl::StatusOr<std::uint64_t> WriteStatus(const Rule& rule, const RuleStatus& status) = 0;
  virtual absl::Status SetFinalizer(const Rule& rule, FinalizerWish wish) = 0;
  /// Asks for its deletion, on the condition of its uid alone: its finalizer keeps it until its
  /// entries are gone. OK if it is gone.
  virtual absl::Status Delete(const Rule& rule) = 0;
};

}  // namespace berth::ingress
