#pragma once

#include <chrono>
#include <memory>

#include "common/operation/handler.h"
#include "gateway/domain/children.h"
#include "gateway/domain/deploy_steps.h"
#include "gateway/domain/exposure_events.h"
#include "gateway/domain/exposure_store.h"
#include "gateway/domain/load_balancing.h"
#include "gateway/domain/releases.h"
#include "gateway/domain/surroundings.h"
#include "gateway/transport/child_follower.h"
#include "gateway/transport/exposure_writer.h"

namespace berth::gateway {

/// Runs Deploy: an install or upgrade as a child operation of helm-service, then the exposure; if
/// either fails, both go back to how they were.
class DeployOperation final : public operation::Handler {
 public:
  static constexpr const char* kMethod = "berth.gateway.v1.GatewayService/Deploy";

  struct Parts {
    ExposureStore& store;
    ExposureEvents& events;
    LoadBalancing& load_balancing;
    Surroundings& surroundings;
    Releases& releases;
    Children& children;
    std::chrono::seconds undo_timeout;
  };

  explicit DeployOperation(Parts parts) : parts_(parts), writer_(parts.store) {}

  operation::Progress Advance(operation::Run& run) override;
  std::chrono::seconds undo_allowance() const override { return parts_.undo_timeout; }

 private:
  /// What one process keeps of one operation.
  struct Followed {
    explicit Followed(Children& children) : child(children) {}
    ChildFollower child;
    /// Keeps the exposure's changes waking the operation.
    std::shared_ptr<void> exposure;
  };

  /// Refuses what cannot work before anything is made.
  absl::Status Begin(operation::Run& run);
  operation::Progress Forward(operation::Run& run, const DeployPlan& plan, Followed& followed);
  operation::Progress Back(operation::Run& run, const DeployPlan& plan, Followed& followed);

  absl::StatusOr<DeployFacts> Observe(operation::Run& run, const DeployPlan& plan,
                                      Followed& followed);
  absl::Status ObserveUndo(operation::Run& run, const DeployPlan& plan, Followed& followed,
                           DeployFacts& facts);

  absl::Status SendUpgradeOf(operation::Run& run, const DeployPlan& plan);
  absl::Status SendBackOf(operation::Run& run, const DeployPlan& plan);
  absl::Status WriteExposure(operation::Run& run, const DeployPlan& plan, const ExposeStep& step,
                             const DeployFacts& facts);
  /// Carries out a step that is not the end of the way back.
  absl::Status TakeStepBack(operation::Run& run, const DeployPlan& plan, const DeployFacts& facts,
                            const DeployUndoStep& step, Followed& followed);
  operation::Progress Finish(const DeployPlan& plan, const Exposure& exposure);

  const Parts parts_;
  ExposureWriter writer_;
};

}  // namespace berth::gateway
