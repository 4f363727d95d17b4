#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "common/pool/address.h"
#include "common/pool/claim_name.h"
#include "common/pool/load_balancer_settings.h"
#include "common/pool/port_set.h"
#include "common/pool/quotas.h"

namespace berth::pool {

/// How rules reach a load balancer.
enum class Driver { kConfigMap, kGatewayApi, kLoadBalancer, kHelmValues };

/// "configmap": as PortPool spells it.
std::string_view ToString(Driver driver);

enum class LoadBalancerKind { kService, kGateway };

/// "Service" or "Gateway".
std::string_view ToString(LoadBalancerKind kind);

/// What becomes of entries that others change or take away after they were written.
enum class DriftPolicy {
  /// They are written again.
  kRepair,
  /// They stay as they are until somebody decides; their rules say so.
  kReport,
};

/// "Repair" or "Report": as PortPool spells it.
std::string_view ToString(DriftPolicy policy);

/// Names a load balancer of a pool.
struct LoadBalancerRef {
  LoadBalancerKind kind = LoadBalancerKind::kService;
  kube::ObjectName name;

  /// "Service ingress-nginx/controller".
  std::string ToString() const;

  friend auto operator<=>(const LoadBalancerRef&, const LoadBalancerRef&) = default;
};

/// The ConfigMaps of the configmap driver.
struct ConfigMapRefs {
  kube::ObjectName tcp_services;
  kube::ObjectName udp_services;

  const kube::ObjectName& Of(Protocol protocol) const {
    return protocol == Protocol::kTcp ? tcp_services : udp_services;
  }

  friend bool operator==(const ConfigMapRefs&, const ConfigMapRefs&) = default;
};

/// A PortPool object as its spec says: one uniqueness domain of ports, the load balancers that
/// share an address.
struct Pool {
  PoolName name;
  /// A pool made anew under the same name has another one.
  std::string uid;
  std::int64_t generation = 0;
  /// Hands out nothing any more.
  bool deleting = false;

  Driver driver = Driver::kConfigMap;
  std::vector<LoadBalancerRef> load_balancers;
  /// The range that is handed out, both ends included.
  Port first;
  Port last;
  /// Ports of the range that are never handed out.
  PortSet reserved;
  /// How many ports at the bottom of the range are kept for requests that name a port.
  int static_ports = 0;
  Quotas quotas;
  /// What callers are told in place of the load balancers' addresses; may be empty.
  std::vector<Address> published_addresses;
  /// Life of an unbound claim whose request names none.
  std::chrono::seconds claim_ttl{};
  /// How long a released port rests.
  std::chrono::seconds quarantine{};
  DriftPolicy drift_policy = DriftPolicy::kRepair;
  /// Set for Driver::kConfigMap.
  std::optional<ConfigMapRefs> configmap;
  /// Set for Driver::kLoadBalancer.
  std::optional<LoadBalancerSettings> loadbalancer;

  /// Whether the port may be handed out at all: in the range and not reserved.
  bool Allows(Port port) const;
};

/// Static band of a range of `size` ports without `staticPorts`: min(max(16, size/32), 128), none
/// below 32 ports (KEP-3668).
int DefaultStaticPorts(int size);

/// Reads a PortPool object. INVALID_ARGUMENT for one that the schema lets through and Berth cannot
/// use, such as a name of more than one DNS label; the text says what to change.
absl::StatusOr<Pool> ParsePool(const kube::Json& object);

}  // namespace berth::pool
