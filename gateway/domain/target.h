#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/domain/exposure_spec.h"
#include "gateway/domain/names.h"

namespace berth::gateway {

/// A port of a Service. Protocols that cannot be exposed are left out.
struct ServicePort {
  /// Empty where the Service names none.
  std::string name;
  int number = 0;
  Protocol protocol = Protocol::kTcp;
};

/// A Service as far as targets are concerned.
struct Service {
  ServiceName name;
  /// The Helm release that it is part of; empty for none.
  std::string release;
  std::vector<ServicePort> ports;
};

/// The Service that a target means, and which of its ports each entry means.
struct ResolvedTarget {
  ServiceName service;
  /// By entry; never OnlyPort.
  std::map<EntryName, ServicePortRef> ports;
};

/// Finds what `spec` points at among the Services of its namespace. Errors: NOT_FOUND
/// (TARGET_NOT_FOUND), FAILED_PRECONDITION (TARGET_PORT_NOT_FOUND; TARGET_AMBIGUOUS with metadata
/// `candidates`, comma separated).
absl::StatusOr<ResolvedTarget> ResolveTarget(const ExposureSpec& spec,
                                             const std::vector<Service>& services);

}  // namespace berth::gateway
