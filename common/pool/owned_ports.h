#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "common/pool/port_set.h"

namespace berth::pool {

/// Annotation of a shared object (Service, ConfigMap) that lists the entries Berth put there. It is
/// written in the same PUT as the entries, so it is never ahead of or behind them.
inline constexpr std::string_view kOwnedAnnotation = "berth.dev/owned";

/// "tcp=20000-20003,20007;udp=20001": ascending, neighbours joined, empty protocols left out; empty
/// for no ports.
std::string FormatOwnedPorts(const PortsByProtocol& ports);

/// Reads what FormatOwnedPorts writes; order and joining do not matter. INVALID_ARGUMENT for
/// anything else: the annotation was changed by hand, and what is Berth's is not known.
absl::StatusOr<PortsByProtocol> ParseOwnedPorts(std::string_view text);

/// The owned ports of an object; none without the annotation.
absl::StatusOr<PortsByProtocol> OwnedPorts(const kube::Json& object);

}  // namespace berth::pool
