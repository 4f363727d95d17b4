#include "ingress-service/domain/rule.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::ingress {

std::string Target::ToString() const {
  const pool::Port* number = std::get_if<pool::Port>(&port);
  return fmt::format("{}/{}:{}", ns, service,
                     number != nullptr ? number->ToString() : std::get<std::string>(port));
}

const kube::Condition* RuleStatus::Find(std::string_view type) const {
  const auto found = std::find_if(conditions.begin(), conditions.end(),
                                  [&](const auto& condition) { return condition.type == type; });
  return found == conditions.end() ? nullptr : &*found;
}

bool RuleStatus::IsTrue(std::string_view type) const {
  const kube::Condition* condition = Find(type);
  return condition != nullptr && condition->status == kube::ConditionStatus::kTrue;
}

bool Rule::HasFinalizer() const {
  return std::find(finalizers.begin(), finalizers.end(), kRuleFinalizer) != finalizers.end();
}

bool Rule::IsLive() const {
  const kube::Condition* accepted = status.Find(kAccepted);
  const bool is_accepted =
      accepted != nullptr ? accepted->status == kube::ConditionStatus::kTrue : confirmed;
  return !removing && is_accepted;
}

bool Rule::IsUndecided() const {
  return !removing && !confirmed && status.Find(kAccepted) == nullptr;
}

}  // namespace berth::ingress
