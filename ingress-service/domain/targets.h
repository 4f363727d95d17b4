#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/pool/port.h"
#include "ingress-service/domain/rule.h"

namespace berth::ingress {

/// The Services that rules point at, as the watch shows them. Thread safe.
class Targets {
 public:
  virtual ~Targets() = default;
  /// The number of the target's port. NOT_FOUND, TARGET_NOT_FOUND or TARGET_PORT_NOT_FOUND: no such
  /// Service, or none of its ports has that number or name and that protocol. UNAVAILABLE,
  /// NOT_READY before the first list.
  virtual absl::StatusOr<pool::Port> Resolve(const Target& target,
                                             pool::Protocol protocol) const = 0;
  /// OK if the Service has an endpoint that is ready; UNAVAILABLE, NO_READY_ENDPOINTS if not, and
  /// NOT_READY before the first list.
  virtual absl::Status CheckEndpoints(const Target& target) const = 0;
};

}  // namespace berth::ingress
