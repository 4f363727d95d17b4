#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "gateway/domain/exposure.h"
#include "gateway/domain/held.h"
#include "gateway/domain/target.h"

namespace berth::gateway {

/// Everything the loop's next step depends on: the wish, what is there for it, and what the steps
/// of this pass met.
struct ReconcileFacts {
  Exposure exposure;
  /// The namespace is being deleted: nothing more may be created in it.
  bool namespace_terminating = false;
  /// The operation named by created_by ended without success.
  bool creator_failed = false;
  /// The namespace's Services.
  std::vector<Service> services;
  /// Claims and rules that carry the exposure's uid.
  Held held;
  /// Whether `held` was read consistently, not from a cache that may lag.
  bool held_is_consistent = false;
  /// Where the pool answers.
  std::vector<Address> addresses;

  /// Uids of claims that this pass has asked to go.
  std::set<std::string> asked_to_go;
  absl::Status claim_error;
  /// By name of the claim.
  std::map<std::string, absl::Status> rule_errors;
};

/// Put the finalizer on, before anything is made that it must outlive.
struct AddFinalizer {};
/// Take back what an operation that failed left behind (a create that landed late).
struct DeleteExposure {};
/// Ask the store itself: what follows must not rest on a cache.
struct ReadConsistently {};
/// Ask rules and unbound claims to go.
struct Remove {
  std::vector<Claim> rules;
  std::vector<Claim> claims;
};
/// Claim ports for these entries, all or none.
struct ClaimPorts {
  std::vector<PortWish> entries;
  /// Ports that the load balancer refused, not to be chosen again.
  std::vector<int> avoid;
};
/// Store these rules.
struct ApplyRules {
  std::vector<RuleWish> rules;
};
/// Nothing is left that the exposure holds: let it go.
struct DropFinalizer {};
/// Nothing to do now; write the status.
struct Settle {};

using ReconcileStep = std::variant<AddFinalizer, DeleteExposure, ReadConsistently, Remove,
                                   ClaimPorts, ApplyRules, DropFinalizer, Settle>;

/// What the loop does next for one exposure. Pure; done again and again, with what each step
/// brought, until it answers Settle or DropFinalizer.
ReconcileStep NextStep(const ReconcileFacts& facts);

/// The status that the facts amount to. `now` becomes `ready_since` when it is ready for the first
/// time.
ExposureStatus StatusOf(const ReconcileFacts& facts, Time now);

/// Whether an error will last until somebody changes something; others are worth a retry.
bool IsLasting(const absl::Status& error);

}  // namespace berth::gateway
