#include "gateway/domain/unexpose_steps.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include "gateway/domain/expose_steps.h"

namespace berth::gateway {

UnexposeStep NextUnexposeStep(const UnexposePlan& plan, const OperationView& operation,
                              const std::optional<Exposure>& found) {
  if (!found.has_value() || found->uid != plan.uid) {
    return UnexposeIsDone{};
  }
  const std::string waited_for = fmt::format("exposure {} to be removed", plan.key.ToString());
  if (operation.cancel_requested) {
    return UnexposeFailed{CancelledError(waited_for)};
  }
  if (operation.out_of_time) {
    return UnexposeFailed{TimeoutError(waited_for)};
  }
  return found->being_deleted ? UnexposeStep(AwaitGone{}) : DeleteFound{};
}

}  // namespace berth::gateway
