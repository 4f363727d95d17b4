#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "gateway/domain/expose_steps.h"
#include "gateway/domain/exposure_store.h"

namespace berth::gateway {

/// Carries out the steps of Expose that write something: to the store, or to the plan. OK, also
/// when somebody else's write came first: look again and decide anew.
class ExposureWriter {
 public:
  /// Makes the plan durable.
  using Save = std::function<absl::Status(const ExposePlan& plan)>;

  explicit ExposureWriter(ExposureStore& store) : store_(store) {}

  /// `step` is none of AwaitExposure, ExposureIsReady and ExposeFailed.
  absl::Status Write(const ExposeStep& step, const std::optional<Exposure>& found,
                     const std::string& operation, ExposePlan plan, const Save& save);

  /// `step` is TakeBackExposure or RestoreExposure.
  absl::Status TakeBack(const ExposeUndoStep& step, const Exposure& found, const ExposePlan& plan);

 private:
  ExposureStore& store_;
};

}  // namespace berth::gateway
