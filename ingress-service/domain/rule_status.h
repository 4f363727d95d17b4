#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/kube/time.h"
#include "common/status/status.h"
#include "ingress-service/domain/driver.h"
#include "ingress-service/domain/prober.h"
#include "ingress-service/domain/rule.h"

namespace berth::ingress {

/// What a pass found out about a rule that is not being removed.
struct Sighting {
  /// Whether the claim is bound to it and the driver can serve it.
  absl::Status accepted;
  /// Whether the target exists.
  absl::Status resolved;
  /// What the driver did; none if it did nothing yet.
  std::optional<RuleProgress> progress;
  /// Whether the load balancer has an address and reports no failure.
  absl::Status load_balancer;
  /// Whether a connection is to prove that it is served; else what the driver saw is all the
  /// evidence there is.
  bool needs_probe = false;
  /// Whether the target has a ready endpoint: why a connection fails, if it does. A controller may
  /// leave out an entry without one.
  absl::Status endpoints;
  /// What the connection showed; none if none came to an end yet.
  std::optional<ProbeResult> probe;
};

/// The status a rule has after a pass. What a pass did not see stays as it was, so that a replica
/// that knows less does not overwrite what another one has proved. `now` goes into what changed.
RuleStatus NextStatus(const Rule& rule, const Sighting& sighting, kube::Time now);

/// Where a rule stands; PortRule.State of the contract.
enum class RuleState { kPending, kProgrammed, kDegraded, kRemoving };

struct Standing {
  RuleState state = RuleState::kPending;
  /// Why it is not programmed; unspecified if it is.
  Reason reason = Reason::ERROR_REASON_UNSPECIFIED;
  std::string message;
};

/// Computed from conditions, never stored.
Standing StandingOf(const Rule& rule);

}  // namespace berth::ingress
