#pragma once

#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "gateway/domain/exposure.h"
#include "gateway/domain/operation_view.h"

namespace berth::gateway {

/// How far Unexpose is.
struct UnexposePlan {
  ExposureKey key;
  /// The exposure that is to go: recorded before it is deleted.
  std::string uid;
};

/// Delete the exposure that was found.
struct DeleteFound {};
struct AwaitGone {};
struct UnexposeIsDone {};
struct UnexposeFailed {
  absl::Status error;
};

using UnexposeStep = std::variant<DeleteFound, AwaitGone, UnexposeIsDone, UnexposeFailed>;

/// What Unexpose does next; it only goes forward. Pure.
UnexposeStep NextUnexposeStep(const UnexposePlan& plan, const OperationView& operation,
                              const std::optional<Exposure>& found);

}  // namespace berth::gateway
