#pragma once

#include <map>
#include <string>
#include <string_view>

namespace berth::pool {

/// The programs that give Services of type LoadBalancer their addresses, of those that let several
/// Services have one address.
enum class LoadBalancerImplementation { kMetalLb, kCilium, kKubeVip };

/// "MetalLB": as PortPool spells it.
std::string_view ToString(LoadBalancerImplementation implementation);

/// A Service's externalTrafficPolicy.
enum class TrafficPolicy { kCluster, kLocal };

/// "Cluster" or "Local".
std::string_view ToString(TrafficPolicy policy);

/// The settings of the driver loadbalancer: how Services share the address of a pool.
struct LoadBalancerSettings {
  LoadBalancerImplementation implementation = LoadBalancerImplementation::kMetalLb;
  /// What the Services on one address have in common; empty for kKubeVip, which asks for nothing.
  std::string sharing_key;
  TrafficPolicy traffic_policy = TrafficPolicy::kCluster;

  friend bool operator==(const LoadBalancerSettings&, const LoadBalancerSettings&) = default;
};

/// What of the settings the implementation cannot do, and what to change, for people; empty if it
/// can do them all.
std::string ProblemOf(const LoadBalancerSettings& settings);

/// The annotations that every Service on the address carries, the pool's own load balancers too.
std::map<std::string, std::string> SharingAnnotations(const LoadBalancerSettings& settings);

/// The annotation by which a Service asks for IP addresses, with commas between them.
std::string_view AddressAnnotation(LoadBalancerImplementation implementation);

}  // namespace berth::pool
