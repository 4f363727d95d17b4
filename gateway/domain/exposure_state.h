#pragma once

#include <string>

#include "common/status/status.h"
#include "gateway/domain/exposure.h"

namespace berth::gateway {

/// Where an exposure stands for a portal. Computed, never stored.
enum class ExposureState { kPending, kActive, kDegraded, kTargetMissing, kRemoving };

struct ExposureStanding {
  ExposureState state = ExposureState::kPending;
  /// Why it is not active; UNSPECIFIED while it is, or while it is only on its way.
  Reason reason = Reason::ERROR_REASON_UNSPECIFIED;
  std::string message;
};

ExposureStanding StandingOf(const Exposure& exposure);

/// What the loop is at with an exposure that is not ready, as a phase of the operation that waits
/// for it.
struct ExposurePhase {
  /// UPPER_SNAKE.
  std::string name;
  std::string message;
};
ExposurePhase PhaseOf(const Exposure& exposure);

/// Why an exposure whose Stalled condition is True cannot become ready, as the error that an
/// operation ends with.
absl::Status StalledError(const Exposure& exposure);

}  // namespace berth::gateway
