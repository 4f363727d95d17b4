#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "helm-service/domain/process_slots.h"

namespace berth::helm {

/// Blocks until a slot is granted. Errors: UNAVAILABLE (TOO_MANY_CALLS, with RetryInfo) after
/// `patience`.
absl::StatusOr<std::unique_ptr<ProcessSlots::Ticket>> WaitForSlot(
    ProcessSlots& slots, const std::string& ns, std::chrono::milliseconds patience);

}  // namespace berth::helm
