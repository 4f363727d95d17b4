#include "common/kube/gateway_api.h"

#include <span>
#include <string>

#include "common/status/macros.h"

namespace berth::kube {
namespace {

// Newest first.
constexpr Resource kGatewayVersions[] = {kGateways,
                                         {kGatewayGroup, "v1beta1", "gateways", "Gateway"}};
constexpr Resource kListenerSetVersions[] = {
    kListenerSets, {kGatewayTrialGroup, "v1alpha1", "xlistenersets", "XListenerSet"}};
constexpr Resource kTcpRouteVersions[] = {kTcpRoutes,
                                          {kGatewayGroup, "v1alpha2", "tcproutes", "TCPRoute"}};
constexpr Resource kUdpRouteVersions[] = {kUdpRoutes,
                                          {kGatewayGroup, "v1alpha2", "udproutes", "UDPRoute"}};
constexpr Resource kReferenceGrantVersions[] = {
    kReferenceGrants, {kGatewayGroup, "v1beta1", "referencegrants", "ReferenceGrant"}};

absl::StatusOr<std::optional<Resource>> FindServed(RestMapper& mapper,
                                                   std::span<const Resource> versions) {
  for (const Resource& version : versions) {
    ASSIGN_OR_RETURN(const std::optional<ServedKind> served,
                     mapper.Find(std::string(version.group), std::string(version.version),
                                 std::string(version.kind)));
    if (served) return version;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<GatewayApi> DiscoverGatewayApi(RestMapper& mapper) {
  GatewayApi api;
  ASSIGN_OR_RETURN(api.gateways, FindServed(mapper, kGatewayVersions));
  ASSIGN_OR_RETURN(api.listener_sets, FindServed(mapper, kListenerSetVersions));
  ASSIGN_OR_RETURN(api.tcp_routes, FindServed(mapper, kTcpRouteVersions));
  ASSIGN_OR_RETURN(api.udp_routes, FindServed(mapper, kUdpRouteVersions));
  ASSIGN_OR_RETURN(api.reference_grants, FindServed(mapper, kReferenceGrantVersions));
  return api;
}

}  // namespace berth::kube
