#include "ingress-service/adapters/kube_rule_store.h"

#include <fmt/format.h>

#include "common/kube/errors.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "ingress-service/adapters/rule_codec.h"

namespace berth::ingress {
namespace {

absl::Status RuleError(const pool::ClaimName& name, const absl::Status& status) {
  if (kube::IsNotFound(status)) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_RULE_NOT_FOUND,
                 fmt::format("there is no rule '{}'", name.ToString()))
        .WithMetadata("rule", name.ToString());
  }
  return status;
}

}  // namespace

absl::StatusOr<std::optional<Rule>> KubeRuleStore::Read(const pool::ClaimName& name) {
  const absl::StatusOr<kube::Json> object = client_.Get(kube::kPortRules, NameOf(name));
  if (kube::IsNotFound(object.status())) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(object.status());
  return ParseRule(*object);
}

absl::StatusOr<Rule> KubeRuleStore::Create(const pool::ClaimName& name, const RuleSpec& spec) {
  ASSIGN_OR_RETURN(const kube::Json object,
                   client_.Create(kube::kPortRules, NewRuleObject(ns_, name, spec)));
  return ParseRule(object);
}

absl::StatusOr<Rule> KubeRuleStore::ReplaceSpec(const Rule& rule, const RuleSpec& spec) {
  const absl::StatusOr<kube::Json> object =
      client_.Patch(kube::kPortRules, NameOf(rule.name), SpecPatch(rule, spec));
  RETURN_IF_ERROR(RuleError(rule.name, object.status()));
  return ParseRule(*object);
}

absl::StatusOr<std::uint64_t> KubeRuleStore::WriteStatus(const Rule& rule,
                                                         const RuleStatus& status) {
  const absl::StatusOr<kube::Json> object = client_.Patch(
      kube::kPortRules, NameOf(rule.name), StatusPatch(rule, status), {.subresource = "status"});
  RETURN_IF_ERROR(RuleError(rule.name, object.status()));
  return kube::ParseResourceVersion(kube::ResourceVersion(*object)).value_or(0);
}

absl::Status KubeRuleStore::SetFinalizer(const Rule& rule, FinalizerWish wish) {
  std::vector<std::string> finalizers = rule.finalizers;
  std::erase(finalizers, kRuleFinalizer);
  if (wish == FinalizerWish::kPresent) {
    finalizers.emplace_back(kRuleFinalizer);
  }
  return RuleError(
      rule.name,
      client_.Patch(kube::kPortRules, NameOf(rule.name), FinalizersPatch(rule, finalizers))
          .status());
}

absl::Status KubeRuleStore::Delete(const Rule& rule) {
  const absl::Status deleted =
      client_.Delete(kube::kPortRules, NameOf(rule.name), {.uid = rule.uid});
  // Under another uid it is another rule, and this one is gone.
  if (kube::IsNotFound(deleted) || kube::IsConflict(deleted)) {
    return absl::OkStatus();
  }
  return deleted;
}

}  // namespace berth::ingress
