#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "common/kube/resource.h"
#include "common/kube/rest_mapper.h"

namespace berth::kube {

inline constexpr std::string_view kGatewayGroup = "gateway.networking.k8s.io";
/// Where kinds of the Gateway API are tried out before they get into kGatewayGroup.
inline constexpr std::string_view kGatewayTrialGroup = "gateway.networking.x-k8s.io";

inline constexpr Resource kGateways{kGatewayGroup, "v1", "gateways", "Gateway"};
inline constexpr Resource kListenerSets{kGatewayGroup, "v1", "listenersets", "ListenerSet"};
inline constexpr Resource kTcpRoutes{kGatewayGroup, "v1", "tcproutes", "TCPRoute"};
inline constexpr Resource kUdpRoutes{kGatewayGroup, "v1", "udproutes", "UDPRoute"};
inline constexpr Resource kReferenceGrants{kGatewayGroup, "v1", "referencegrants",
                                           "ReferenceGrant"};

/// Under which versions the API server serves the kinds of the Gateway API that Berth uses: the
/// newest that Berth knows; none for a kind that is not served under any. What differs between
/// these versions is not what Berth reads or writes.
struct GatewayApi {
  std::optional<Resource> gateways;
  std::optional<Resource> listener_sets;
  std::optional<Resource> tcp_routes;
  std::optional<Resource> udp_routes;
  std::optional<Resource> reference_grants;

  friend bool operator==(const GatewayApi&, const GatewayApi&) = default;
};

/// Errors: those of RestMapper.
absl::StatusOr<GatewayApi> DiscoverGatewayApi(RestMapper& mapper);

}  // namespace berth::kube
