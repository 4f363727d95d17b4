#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace berth::kube {

/// Whether objects of a resource live in namespaces.
enum class Scope { kNamespaced, kCluster };

/// A kind of object as the Kubernetes API names it. The constants below are the ones Berth uses.
struct Resource {
  /// Empty for core/v1.
  std::string_view group;
  std::string_view version;
  std::string_view plural;
  std::string_view kind;
  Scope scope = Scope::kNamespaced;

  /// "v1", "berth.dev/v1alpha1": the value of an object's apiVersion.
  std::string ApiVersion() const;
  /// The path of the group's version: "/api/v1", "/apis/berth.dev/v1alpha1".
  std::string VersionPath() const;
  /// The collection's path: "/api/v1/namespaces/shop/services". An empty `ns` is all namespaces.
  std::string CollectionPath(std::string_view ns) const;
  /// One object's path; `name` is percent-encoded, so no name can leave the collection.
  std::string ObjectPath(std::string_view ns, std::string_view name) const;

  friend bool operator==(const Resource&, const Resource&) = default;
};

inline constexpr std::string_view kBerthGroup = "berth.dev";
inline constexpr Resource kPortPools{kBerthGroup, "v1alpha1", "portpools", "PortPool"};
inline constexpr Resource kPortClaims{kBerthGroup, "v1alpha1", "portclaims", "PortClaim"};
inline constexpr Resource kPortRules{kBerthGroup, "v1alpha1", "portrules", "PortRule"};
inline constexpr Resource kExposures{kBerthGroup, "v1alpha1", "exposures", "Exposure"};
inline constexpr Resource kOperations{kBerthGroup, "v1alpha1", "operations", "Operation"};
inline constexpr Resource kReleaseQueues{kBerthGroup, "v1alpha1", "releasequeues", "ReleaseQueue"};
inline constexpr Resource kChartRepositories{kBerthGroup, "v1alpha1", "chartrepositories",
                                             "ChartRepository"};

inline constexpr Resource kServices{"", "v1", "services", "Service"};
inline constexpr Resource kConfigMaps{"", "v1", "configmaps", "ConfigMap"};
inline constexpr Resource kSecrets{"", "v1", "secrets", "Secret"};
inline constexpr Resource kPods{"", "v1", "pods", "Pod"};
inline constexpr Resource kEvents{"", "v1", "events", "Event"};
inline constexpr Resource kEndpoints{"", "v1", "endpoints", "Endpoints"};
inline constexpr Resource kNamespaces{"", "v1", "namespaces", "Namespace", Scope::kCluster};
inline constexpr Resource kEndpointSlices{"discovery.k8s.io", "v1", "endpointslices",
                                          "EndpointSlice"};
inline constexpr Resource kLeases{"coordination.k8s.io", "v1", "leases", "Lease"};
inline constexpr Resource kDeployments{"apps", "v1", "deployments", "Deployment"};
inline constexpr Resource kDaemonSets{"apps", "v1", "daemonsets", "DaemonSet"};
inline constexpr Resource kCustomResourceDefinitions{"apiextensions.k8s.io", "v1",
                                                     "customresourcedefinitions",
                                                     "CustomResourceDefinition", Scope::kCluster};

/// Names one object of a known resource. `ns` is empty for cluster-scoped objects.
struct ObjectName {
  std::string ns;
  std::string name;

  /// "shop/web", or "shop" for a cluster-scoped object.
  std::string ToString() const;

  friend auto operator<=>(const ObjectName&, const ObjectName&) = default;
};

}  // namespace berth::kube
