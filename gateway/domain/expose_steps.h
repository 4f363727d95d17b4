#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "gateway/domain/exposure.h"
#include "gateway/domain/operation_view.h"

namespace berth::gateway {

/// How far Expose is, or the second half of Deploy. Recorded before each step; all else is read
/// from the exposure.
struct ExposePlan {
  ExposureKey key;
  ExposureSpec spec;
  /// Set by Deploy: an exposure of this release may be replaced, any other may not.
  std::optional<ReleaseName> release;

  /// The exposure that was made, joined or replaced, and the generation whose readiness counts; 0
  /// before it is known.
  std::string uid;
  std::int64_t generation = 0;

  /// The exposure before Deploy replaced its spec.
  struct Former {
    std::string uid;
    std::int64_t generation = 0;
    ExposureSpec spec;
  };
  std::optional<Former> former;
};

/// Create the exposure, named as made by this operation.
struct CreateExposure {};
/// Record what is about to be replaced.
struct RecordFormer {
  ExposePlan::Former former;
};
/// Give the exposure that was found the plan's spec.
struct ReplaceExposure {};
/// The exposure has the plan's spec already: see to it that the operation that made it does not
/// take it back any more.
struct JoinExposure {};
/// Record which exposure, of which generation, is to become ready.
struct RecordExposure {
  std::string uid;
  std::int64_t generation = 0;
};
struct AwaitExposure {};
struct ExposureIsReady {};
/// It came to nothing.
struct ExposeFailed {
  absl::Status error;
  /// Whether the operation's effects are to be taken back: not once the exposure is another's.
  bool undo = true;
};

using ExposeStep = std::variant<CreateExposure, RecordFormer, ReplaceExposure, JoinExposure,
                                RecordExposure, AwaitExposure, ExposureIsReady, ExposeFailed>;

/// What Expose does next, given the exposure of its name as just read. Pure.
ExposeStep NextExposeStep(const ExposePlan& plan, const OperationView& operation,
                          const std::optional<Exposure>& found);

/// Delete the exposure that was found.
struct TakeBackExposure {};
/// Give the exposure that was found its former spec.
struct RestoreExposure {};
/// It was deleted and is not gone yet.
struct AwaitRemoval {};
/// Nothing of this operation is left, or what is left is in use by others.
struct ExposureIsBack {};

using ExposeUndoStep =
    std::variant<TakeBackExposure, RestoreExposure, AwaitRemoval, ExposureIsBack>;

/// What taking an exposure back needs next. Pure.
ExposeUndoStep NextExposeUndoStep(const ExposePlan& plan, const OperationView& operation,
                                  const std::optional<Exposure>& found);

/// "CANCELLED" and "OPERATION_TIMEOUT", with what the operation waited for.
absl::Status CancelledError(const std::string& waited_for);
absl::Status TimeoutError(const std::string& waited_for);

}  // namespace berth::gateway
