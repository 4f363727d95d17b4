#pragma once

#include <chrono>
#include <string>

#include "common/operation/handler.h"
#include "gateway/domain/exposure_events.h"
#include "gateway/domain/exposure_store.h"
#include "gateway/domain/load_balancing.h"
#include "gateway/domain/surroundings.h"
#include "gateway/transport/exposure_writer.h"

namespace berth::gateway {

/// Runs Expose: makes or joins the exposure, then follows what its loop says until it is ready.
class ExposeOperation final : public operation::Handler {
 public:
  static constexpr const char* kMethod = "berth.gateway.v1.GatewayService/Expose";

  struct Parts {
    ExposureStore& store;
    ExposureEvents& events;
    LoadBalancing& load_balancing;
    Surroundings& surroundings;
    std::chrono::seconds undo_timeout;
  };

  explicit ExposeOperation(Parts parts) : parts_(parts), writer_(parts.store) {}

  operation::Progress Advance(operation::Run& run) override;
  std::chrono::seconds undo_allowance() const override { return parts_.undo_timeout; }

 private:
  /// Refuses what cannot work before anything is made.
  absl::Status Begin(operation::Run& run);
  operation::Progress Forward(operation::Run& run, const ExposePlan& plan);
  operation::Progress Back(operation::Run& run, const ExposePlan& plan);

  const Parts parts_;
  ExposureWriter writer_;
};

}  // namespace berth::gateway
