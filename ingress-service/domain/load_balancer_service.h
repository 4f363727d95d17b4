#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "common/pool/address.h"
#include "common/pool/claim_name.h"
#include "common/pool/load_balancer_settings.h"
#include "ingress-service/domain/entries.h"
#include "ingress-service/domain/rule.h"
#include "ingress-service/domain/rule_objects.h"
#include "ingress-service/domain/targets.h"

namespace berth::ingress {

/// Label of a rule's Service: the uid of the rule.
inline constexpr std::string_view kRuleUidLabel = "berth.dev/rule-uid";

/// Label of a rule's Service: the name of the pool.
inline constexpr std::string_view kPoolLabel = "berth.dev/pool";

/// What a rule asks of a Service of its own on the address of its pool.
struct ServiceWish {
  PortKey key;
  /// Where connections go.
  Backend backend;
  /// Where they may come from; empty for anywhere.
  std::vector<SourceRange> source_ranges;
  pool::LoadBalancerSettings settings;
  /// The IP addresses to share.
  std::vector<pool::Address> addresses;
  /// Of the Services on them; empty for the cluster's default.
  std::string load_balancer_class;
};

/// "berth-edge-tcp-20001-1f0c93ab52": a DNS label of its own for each rule of each Berth, the one
/// in namespace `ns` here.
std::string ServiceName(const pool::ClaimName& rule, std::string_view ns);

/// The Service as it is to be.
RuleObject ServiceObject(const kube::ObjectName& name, const Rule& rule, const ServiceWish& wish);

/// What the status of a rule's Service says as it is stored. OK if it has an address, none but
/// those of the pool, and no error for its port; else UNAVAILABLE, NOT_PROGRAMMED with what is
/// missing.
absl::Status ServiceVerdict(const kube::Json& service, const ServiceWish& wish);

/// What an OK of ServiceVerdict rests on, for RuleStatus::evidence.
inline constexpr std::string_view kServiceEvidence = "service-status";

}  // namespace berth::ingress
