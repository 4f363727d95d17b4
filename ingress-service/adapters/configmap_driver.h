#pragma once

#include "ingress-service/domain/driver.h"
#include "ingress-service/domain/shared_objects.h"
#include "ingress-service/domain/shared_writer.h"
#include "ingress-service/domain/targets.h"

namespace berth::ingress {

/// The dialect of ingress-nginx: an entry "20001": "shop/web:80[:PROXY][:PROXY]" in the
/// controller's ConfigMap of the protocol, and a port of the load balancer's Service. The
/// controller reloads by itself; nothing is rolled.
///
/// A pass writes in this order: the Services without what is removed, the ConfigMaps, the Service
/// with what is added. So a port is never open without its entry.
///
/// Ports go to the first Service of a pool; the others share its address and only lose what is no
/// longer asked for. Thread safe; borrows everything.
class ConfigMapDriver : public Driver {
 public:
  ConfigMapDriver(SharedObjects& objects, RuleSource& rules, const Targets& targets);

  pool::Driver kind() const override { return pool::Driver::kConfigMap; }
  const Capabilities& capabilities() const override { return capabilities_; }
  absl::StatusOr<ProgramResult> Program(const ProgramRequest& request) override;
  absl::StatusOr<std::vector<ObjectDrift>> FindDrift(const ProgramRequest& request) override;
  absl::StatusOr<std::vector<ForeignEntry>> FindForeign(const ProgramRequest& request) override;

 private:
  class Pass;

  SharedWriter writer_;
  const Targets& targets_;
  const Capabilities capabilities_;
};

}  // namespace berth::ingress
