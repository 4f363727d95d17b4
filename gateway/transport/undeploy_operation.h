#pragma once

#include "common/operation/handler.h"
#include "gateway/domain/children.h"
#include "gateway/domain/exposure_store.h"
#include "gateway/domain/releases.h"
#include "gateway/domain/surroundings.h"
#include "gateway/domain/undeploy_steps.h"
#include "gateway/transport/child_follower.h"

namespace berth::gateway {

/// Runs Undeploy: the release's exposures go, then the release, by a child operation of
/// helm-service.
class UndeployOperation final : public operation::Handler {
 public:
  static constexpr const char* kMethod = "berth.gateway.v1.GatewayService/Undeploy";

  struct Parts {
    ExposureStore& store;
    Surroundings& surroundings;
    Releases& releases;
    Children& children;
  };

  explicit UndeployOperation(Parts parts) : parts_(parts) {}

  operation::Progress Advance(operation::Run& run) override;

 private:
  absl::StatusOr<UndeployFacts> Observe(operation::Run& run, const UndeployPlan& plan,
                                        ChildFollower& child);
  /// Those made for the release, and those of Services that are part of it.
  absl::StatusOr<std::vector<Exposure>> ExposuresOf(const UndeployPlan& plan);
  absl::Status TakeStep(operation::Run& run, const UndeployPlan& plan, const UndeployStep& step,
                        ChildFollower& child);
  absl::Status Remove(operation::Run& run, UndeployPlan plan, const RemoveExposures& step);

  const Parts parts_;
};

}  // namespace berth::gateway
