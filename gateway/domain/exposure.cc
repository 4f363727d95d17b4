#include "gateway/domain/exposure.h"

#include <string>
#include <variant>

namespace berth::gateway {

const Condition* CurrentCondition(const Exposure& exposure, ConditionType type) {
  const auto found = exposure.status.conditions.find(type);
  if (found == exposure.status.conditions.end() ||
      found->second.observed_generation != exposure.generation) {
    return nullptr;
  }
  return &found->second;
}

bool IsTrue(const Exposure& exposure, ConditionType type) {
  const Condition* condition = CurrentCondition(exposure, type);
  return condition != nullptr && condition->status == Truth::kTrue;
}

bool MayBeTakenBackBy(const Exposure& exposure, const std::string& operation) {
  return !operation.empty() && exposure.created_by == operation && exposure.generation == 1 &&
         !exposure.status.ready_since.has_value();
}

bool BelongsTo(const Exposure& exposure, const ReleaseName& release) {
  if (exposure.deployed_release == release.str()) {
    return true;
  }
  if (!exposure.spec.ok()) {
    return false;
  }
  const ReleaseName* target = std::get_if<ReleaseName>(&exposure.spec->target());
  return target != nullptr && *target == release;
}

}  // namespace berth::gateway
