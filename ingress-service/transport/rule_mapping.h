#pragma once

#include "absl/status/statusor.h"
#include "ingress-service/domain/rule.h"
#include "ingress-service/domain/rule_service.h"

#include "berth/ingress/v1/ingress_service.pb.h"

namespace berth::ingress {

/// INVALID_ARGUMENT, INVALID_FIELD with every field at fault.
absl::StatusOr<WantedRule> ToWantedRule(const v1::RuleSpec& spec);

v1::PortRule ToProto(const Rule& rule);

v1::RuleTarget ToProto(const Target& target);
v1::RuleOptions ToProto(const RuleOptions& options);
port::v1::Protocol ToProto(pool::Protocol protocol);

}  // namespace berth::ingress
