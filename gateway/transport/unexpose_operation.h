#pragma once

#include "common/operation/handler.h"
#include "gateway/domain/exposure_events.h"
#include "gateway/domain/exposure_store.h"
#include "gateway/domain/unexpose_steps.h"

namespace berth::gateway {

/// Runs Unexpose: deletes the exposure and waits until its loop has let it go.
class UnexposeOperation final : public operation::Handler {
 public:
  static constexpr const char* kMethod = "berth.gateway.v1.GatewayService/Unexpose";

  struct Parts {
    ExposureStore& store;
    ExposureEvents& events;
  };

  explicit UnexposeOperation(Parts parts) : parts_(parts) {}

  operation::Progress Advance(operation::Run& run) override;

 private:
  /// Finds the exposure and records its uid. A value ends the operation.
  operation::Progress Begin(operation::Run& run);

  const Parts parts_;
};

}  // namespace berth::gateway
