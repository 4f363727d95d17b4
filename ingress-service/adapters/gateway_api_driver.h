#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/gateway_api.h"
#include "ingress-service/domain/driver.h"
#include "ingress-service/domain/rule_object_writer.h"
#include "ingress-service/domain/rule_objects.h"
#include "ingress-service/domain/rule_store.h"
#include "ingress-service/domain/targets.h"

namespace berth::ingress {

/// The Gateway API: for each rule a ListenerSet with one listener and a TCPRoute or UDPRoute from
/// it to the target, both in Berth's namespace, and a ReferenceGrant in the target's namespace if
/// that is another. A rule is served when the controller says so in the status of these objects.
///
/// Listeners go to the first Gateway of a pool; the others share its address. Thread safe; borrows
/// everything.
class GatewayApiDriver : public Driver {
 public:
  /// What the API server serves. Called by every pass.
  using Discover = std::function<absl::StatusOr<kube::GatewayApi>()>;

  /// `ns` is Berth's namespace.
  GatewayApiDriver(RuleObjects& objects, RuleStore& rules, const Targets& targets,
                   Discover discover, std::string ns);

  pool::Driver kind() const override { return pool::Driver::kGatewayApi; }
  const Capabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<ProgramResult> Program(const ProgramRequest& request) override;
  absl::StatusOr<std::vector<ObjectDrift>> FindDrift(const ProgramRequest& request) override;
  absl::StatusOr<std::vector<ForeignEntry>> FindForeign(const ProgramRequest& request) override;

 private:
  class Plan;

  RuleObjects& objects_;
  RuleObjectWriter writer_;
  const Targets& targets_;
  const Discover discover_;
  const std::string ns_;
  const Capabilities capabilities_;
};

}  // namespace berth::ingress
