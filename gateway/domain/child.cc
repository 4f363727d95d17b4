#include "gateway/domain/child.h"

#include <fmt/format.h>

#include <string>

#include "common/status/status.h"

namespace berth::gateway {

bool DiedBeforeItsFirstEffect(const Child& child) {
  return child.state == Child::State::kFailed &&
         ReasonOf(child.error) == Reason::ERROR_REASON_INTERRUPTED;
}

std::string ChildRequestId(const std::string& operation, const std::string& step, int attempt) {
  return fmt::format("{}.{}.{}", operation, step, attempt);
}

}  // namespace berth::gateway
