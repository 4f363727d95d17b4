#pragma once

#include <map>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/pool/port.h"
#include "ingress-service/domain/rule.h"

namespace berth::ingress {

/// The pods behind a port of a Service.
struct Backend {
  /// Labels that they have; never empty.
  std::map<std::string, std::string> selector;
  /// The port of theirs: its number, or the name that their containers give it.
  std::variant<pool::Port, std::string> port;
};

/// The Services that rules point at, as the watch shows them. Thread safe.
class Targets {
 public:
  virtual ~Targets() = default;
  /// The number of the target's port. NOT_FOUND, TARGET_NOT_FOUND or TARGET_PORT_NOT_FOUND: no such
  /// Service, or none of its ports has that number or name and that protocol. UNAVAILABLE,
  /// NOT_READY before the first list.
  virtual absl::StatusOr<pool::Port> Resolve(const Target& target,
                                             pool::Protocol protocol) const = 0;
  /// What is behind the target. Errors: those of Resolve, and FAILED_PRECONDITION,
  /// TARGET_WITHOUT_SELECTOR for a Service whose endpoints somebody else writes.
  virtual absl::StatusOr<Backend> FindBackend(const Target& target,
                                              pool::Protocol protocol) const = 0;
  /// OK if the Service has an endpoint that is ready; UNAVAILABLE, NO_READY_ENDPOINTS if not, and
  /// NOT_READY before the first list.
  virtual absl::Status CheckEndpoints(const Target& target) const = 0;
};

}  // namespace berth::ingress
