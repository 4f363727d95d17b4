#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "ingress-service/domain/rule.h"

namespace berth::ingress {

/// Reads a PortRule object. INVALID_ARGUMENT for one that the schema lets through and Berth cannot
/// use, such as a name that does not match the spec.
absl::StatusOr<Rule> ParseRule(const kube::Json& object);

/// A new PortRule with its finalizer.
kube::Json NewRuleObject(const std::string& ns, const pool::ClaimName& name, const RuleSpec& spec);

/// Merge patches for the rule as it was read: refused if it changed since.
kube::Json SpecPatch(const Rule& rule, const RuleSpec& spec);
kube::Json StatusPatch(const Rule& rule, const RuleStatus& status);
kube::Json FinalizersPatch(const Rule& rule, const std::vector<std::string>& finalizers);

}  // namespace berth::ingress
