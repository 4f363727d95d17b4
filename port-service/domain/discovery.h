#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/resource.h"
#include "common/pool/address.h"
#include "common/pool/pool.h"
#include "port-service/domain/controller_arguments.h"
#include "port-service/domain/pool_store.h"

namespace berth::port {

using KubeLabels = std::map<std::string, std::string>;

/// A Service of type LoadBalancer, or a Gateway.
struct FoundLoadBalancer {
  pool::LoadBalancerRef ref;
  /// Of a Service: the pods behind it.
  KubeLabels selector;
  /// Of a Gateway: its class.
  std::string gateway_class;
  /// What it reports itself.
  std::vector<pool::Address> addresses;
  /// Why Berth cannot add ports to it, for people; empty if nothing is known to be in the way.
  std::string problem;
};

/// What runs pods.
struct FoundWorkload {
  /// "Deployment" or "DaemonSet".
  std::string kind;
  kube::ObjectName name;
  KubeLabels pod_labels;
  std::vector<Container> containers;
};

/// The load balancers of a cluster and what may be behind them, read for each call.
class ClusterScanner {
 public:
  virtual ~ClusterScanner() = default;

  /// Those of one namespace, or of all if it is empty, that a Kubernetes label selector matches.
  /// INVALID_ARGUMENT if it is none.
  virtual absl::StatusOr<std::vector<FoundLoadBalancer>> FindLoadBalancers(
      const std::string& ns, const std::string& label_selector) = 0;
  virtual absl::StatusOr<std::vector<FoundWorkload>> FindWorkloads(const std::string& ns) = 0;
};

/// Load balancers that a pool could be made of, or is.
struct PoolProposal {
  /// A name that no pool has.
  std::string name;
  /// All that share an address, by name: Gateways, or Services of no Gateway.
  std::vector<FoundLoadBalancer> load_balancers;
  /// Which driver would serve them; nothing if none can.
  std::optional<pool::Driver> driver;
  /// The controller behind them: "Deployment ingress-nginx/controller", "GatewayClass envoy"; empty
  /// if none is known.
  std::string controller;
  /// For the driver `configmap`; nothing if the controller reads no such ConfigMaps.
  std::optional<pool::ConfigMapRefs> configmap;
  /// The pool that has one of them; empty if none has.
  std::string pool;
  /// Why no pool can be made of them as they are, for people; empty if one can.
  std::string problem;
};

/// What a pool made of a proposal is configured as; nothing if none can be made of it.
std::optional<PoolSpec> SpecOf(const PoolProposal& proposal, pool::Port first, pool::Port last);

/// Puts what was found together. Ordered by the first load balancer's name.
std::vector<PoolProposal> ProposePools(const std::vector<FoundLoadBalancer>& load_balancers,
                                       const std::vector<FoundWorkload>& workloads,
                                       const std::vector<pool::Pool>& pools);

}  // namespace berth::port
