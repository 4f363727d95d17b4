#include "common/pool/load_balancer_settings.h"

#include <fmt/format.h>

namespace berth::pool {

std::string_view ToString(LoadBalancerImplementation implementation) {
  switch (implementation) {
    case LoadBalancerImplementation::kMetalLb:
      return "MetalLB";
    case LoadBalancerImplementation::kCilium:
      return "Cilium";
    case LoadBalancerImplementation::kKubeVip:
      return "KubeVip";
  }
  return "";
}

std::string_view ToString(TrafficPolicy policy) {
  switch (policy) {
    case TrafficPolicy::kCluster:
      return "Cluster";
    case TrafficPolicy::kLocal:
      return "Local";
  }
  return "";
}

std::string ProblemOf(const LoadBalancerSettings& settings) {
  const std::string_view name = ToString(settings.implementation);
  const bool has_key = !settings.sharing_key.empty();
  if (settings.implementation == LoadBalancerImplementation::kKubeVip) {
    return has_key ? fmt::format("{} knows no sharing key: leave it out", name) : "";
  }
  if (!has_key) {
    return fmt::format("{} needs a sharing key, the one of the pool's Services", name);
  }
  if (settings.traffic_policy == TrafficPolicy::kLocal) {
    return fmt::format(
        "{} lets Services of policy Local share an address only if they have the same pods: use "
        "policy Cluster",
        name);
  }
  return "";
}

std::map<std::string, std::string> SharingAnnotations(const LoadBalancerSettings& settings) {
  switch (settings.implementation) {
    case LoadBalancerImplementation::kMetalLb:
      return {{"metallb.io/allow-shared-ip", settings.sharing_key}};
    case LoadBalancerImplementation::kCilium:
      // Targets, and so Services, are in any namespace.
      return {{"lbipam.cilium.io/sharing-key", settings.sharing_key},
              {"lbipam.cilium.io/sharing-cross-namespace", "*"}};
    case LoadBalancerImplementation::kKubeVip:
      return {};
  }
  return {};
}

std::string_view AddressAnnotation(LoadBalancerImplementation implementation) {
  switch (implementation) {
    case LoadBalancerImplementation::kMetalLb:
      return "metallb.io/loadBalancerIPs";
    case LoadBalancerImplementation::kCilium:
      return "lbipam.cilium.io/ips";
    case LoadBalancerImplementation::kKubeVip:
      return "kube-vip.io/loadbalancerIPs";
  }
  return "";
}

}  // namespace berth::pool
