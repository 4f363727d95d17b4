#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ingress-service/domain/driver.h"
#include "ingress-service/domain/rule_object_writer.h"
#include "ingress-service/domain/rule_objects.h"
#include "ingress-service/domain/rule_store.h"
#include "ingress-service/domain/targets.h"

namespace berth::ingress {

/// For each rule a Service of type LoadBalancer on the address of the pool's load balancers, in the
/// target's namespace, with the target's pods. A rule is served when the Service has got that
/// address.
///
/// Thread safe; borrows everything.
class LoadBalancerDriver : public Driver {
 public:
  /// `ns` is Berth's namespace.
  LoadBalancerDriver(RuleObjects& objects, RuleStore& rules, const Targets& targets,
                     std::string ns);

  pool::Driver kind() const override { return pool::Driver::kLoadBalancer; }
  const Capabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<ProgramResult> Program(const ProgramRequest& request) override;
  absl::StatusOr<std::vector<ObjectDrift>> FindDrift(const ProgramRequest& request) override;
  absl::StatusOr<std::vector<ForeignEntry>> FindForeign(const ProgramRequest& request) override;

 private:
  class Plan;

  RuleObjects& objects_;
  RuleObjectWriter writer_;
  const Targets& targets_;
  const std::string ns_;
  const Capabilities capabilities_;
};

}  // namespace berth::ingress
