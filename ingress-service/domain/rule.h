#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/kube/object.h"
#include "common/kube/time.h"
#include "common/pool/claim_name.h"
#include "common/pool/exposure_ref.h"
#include "common/pool/port.h"
#include "ingress-service/domain/source_range.h"

namespace berth::ingress {

/// Kept on a rule until its entries have left the load balancer.
inline constexpr std::string_view kRuleFinalizer = "berth.dev/rule";

/// Conditions of a rule.
inline constexpr std::string_view kAccepted = "Accepted";
inline constexpr std::string_view kResolvedRefs = "ResolvedRefs";
inline constexpr std::string_view kProgrammed = "Programmed";

/// A port of a Service: where connections go.
struct Target {
  std::string ns;
  std::string service;
  /// By number or by name.
  std::variant<pool::Port, std::string> port;

  /// "shop/web:80" or "shop/web:http".
  std::string ToString() const;

  friend bool operator==(const Target&, const Target&) = default;
};

/// How connections get to the target.
struct RuleOptions {
  bool decode_proxy_protocol = false;
  bool encode_proxy_protocol = false;
  /// Where connections may come from; empty for anywhere. Sorted, each once.
  std::vector<SourceRange> source_ranges;

  friend bool operator==(const RuleOptions&, const RuleOptions&) = default;
};

/// What a rule asks for. Pool, protocol and port are in its name.
struct RuleSpec {
  std::string pool_uid;
  std::string claim_uid;
  Target target;
  RuleOptions options;
  std::optional<pool::ExposureRef> exposure;

  friend bool operator==(const RuleSpec&, const RuleSpec&) = default;
};

/// What is known of a rule's way onto the load balancer.
struct RuleStatus {
  std::int64_t observed_generation = 0;
  /// What the driver wrote last, by the shared object it was written to.
  std::map<std::string, std::string> written;
  /// How it is known that the rule is programmed; empty while it is not.
  std::string evidence;
  std::optional<kube::Time> programmed_time;
  /// Others' conditions among them.
  std::vector<kube::Condition> conditions;

  const kube::Condition* Find(std::string_view type) const;
  bool IsTrue(std::string_view type) const;

  friend bool operator==(const RuleStatus&, const RuleStatus&) = default;
};

/// A stored rule.
struct Rule {
  pool::ClaimName name;
  std::string uid;
  std::string resource_version;
  /// `resource_version` as a number.
  std::uint64_t revision = 0;
  std::int64_t generation = 0;
  std::optional<kube::Time> created;
  /// Deletion was asked for; the object stays until its finalizers are gone.
  bool removing = false;
  std::vector<std::string> finalizers;
  RuleSpec spec;
  RuleStatus status;
  /// Not stored: this replica knows that its claim is its own (ConfirmedRules).
  bool confirmed = false;

  bool HasFinalizer() const;
  /// Whether the load balancer is to carry it: accepted and not being removed. Until the stored
  /// object says whether it is accepted, a replica goes by what it knows itself.
  bool IsLive() const;
  /// Whether nothing is known of it yet. Another replica may know more and have programmed it:
  /// what is there stays, and nothing is added.
  bool IsUndecided() const;
};

}  // namespace berth::ingress
