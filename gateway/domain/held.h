#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/domain/exposure.h"
#include "gateway/domain/exposure_spec.h"

namespace berth::gateway {

/// Names the exposure that a claim or rule is made for.
struct ExposureRef {
  ExposureKey key;
  std::string uid;
  std::int64_t generation = 0;
};

/// A port claim that was made for an exposure.
struct Claim {
  enum class State { kReserved, kBound, kReleasing, kQuarantined };

  std::string name;
  std::string uid;
  std::string pool;
  /// Name of the entry that it is for.
  std::string entry;
  Protocol protocol = Protocol::kTcp;
  int port = 0;
  State state = State::kReserved;
  /// Somebody asked for the object to be deleted.
  bool being_deleted = false;
};

/// Whether the claim still is somebody's port, not only one that is on its way out.
inline bool IsLive(const Claim& claim) {
  return !claim.being_deleted &&
         (claim.state == Claim::State::kReserved || claim.state == Claim::State::kBound);
}

/// A port of a Service, as a rule names it.
struct RuleTarget {
  std::string ns;
  std::string service;
  /// Never OnlyPort.
  ServicePortRef port;

  friend bool operator==(const RuleTarget&, const RuleTarget&) = default;
};

/// What a rule is to be.
struct RuleWish {
  std::string claim;
  std::string claim_uid;
  RuleTarget target;
};

/// A rule that was made for an exposure.
struct Rule {
  /// Equal to the name of its claim.
  std::string name;
  std::string claim_uid;
  RuleTarget target;
  /// Generation of the exposure that it was applied for.
  std::int64_t exposure_generation = 0;
  bool being_removed = false;
  /// Whether it is on the load balancer and answers; Unknown while nobody has said so of this
  /// version of the rule.
  Condition programmed;
};

/// What an exposure holds: found by its uid, never by its status.
struct Held {
  std::vector<Claim> claims;
  std::vector<Rule> rules;
};

}  // namespace berth::gateway
