#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/kube/gateway_api.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "common/pool/port.h"
#include "ingress-service/domain/entries.h"

namespace berth::ingress {

/// What a rule asks of a Gateway.
struct GatewayWish {
  kube::ObjectName gateway;
  /// The port of the Gateway.
  PortKey key;
  /// Where connections go.
  kube::ObjectName service;
  pool::Port service_port;
};

/// Under which versions the objects of one protocol's rules are written.
struct GatewayKinds {
  kube::Resource listener_set;
  kube::Resource route;
  kube::Resource reference_grant;
};

/// The specs of a rule's objects, with what the API server would fill in: one listener, and one
/// route from exactly that listener to the Service. `name` is that of the ListenerSet; it and the
/// route are in Berth's namespace `ns`.
kube::Json ListenerSetSpec(const GatewayWish& wish, const GatewayKinds& kinds);
kube::Json RouteSpec(const GatewayWish& wish, const GatewayKinds& kinds, std::string_view name);
/// Lets routes of this one kind in `ns` refer to this one Service.
kube::Json ReferenceGrantSpec(const GatewayWish& wish, const GatewayKinds& kinds,
                              std::string_view ns);

/// What the controller says of a rule's objects as they are stored. OK if the listener is
/// programmed and has its port to itself, its ListenerSet is accepted, and so is the route with its
/// target. Conditions that speak of an earlier generation count as missing.
///
/// ALREADY_EXISTS, PORT_TAKEN: another listener of the Gateway has the port. NOT_FOUND,
/// TARGET_NOT_FOUND or TARGET_PORT_NOT_FOUND. FAILED_PRECONDITION, CONTROLLER_REFUSED: somebody has
/// to change the Gateway. UNAVAILABLE, NOT_PROGRAMMED: it is only a matter of time.
absl::Status GatewayVerdict(const kube::Json& listener_set, const kube::Json& route,
                            const GatewayWish& wish);

/// What an OK of GatewayVerdict rests on, for RuleStatus::evidence.
inline constexpr std::string_view kGatewayEvidence = "gateway-status";

}  // namespace berth::ingress
