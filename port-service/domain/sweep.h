#pragma once

#include <chrono>

#include "absl/status/statusor.h"
#include "common/kube/time.h"
#include "port-service/domain/claim.h"
#include "port-service/domain/claim_store.h"

namespace berth::port {

/// How long until it may be seen, or is to be looked for again, that nothing written for a claim in
/// quarantine is left in namespaces other than Berth's, where no garbage collector and no conflict
/// stops a late write; zero once it was seen. A claim that was never bound, or whose driver writes
/// no such objects, has nothing to be swept.
///
/// A write is sent at most 30 s after a read that still shows the rule, and none was there when the
/// quarantine began: what a list made 35 s after that does not show can come no more.
///
/// Errors: those of ClusterReader; nothing may be concluded then.
absl::StatusOr<std::chrono::milliseconds> UntilSwept(ClusterReader& cluster, const Claim& claim,
                                                     kube::Time now);

}  // namespace berth::port
