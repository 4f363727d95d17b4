#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/kube/json.h"
#include "common/kube/resource.h"
#include "common/pool/pool.h"
#include "common/pool/seen_gateway.h"
#include "common/pool/service_watcher.h"

namespace berth::pool {

/// A load balancer as the cluster shows it.
struct LoadBalancerState {
  LoadBalancerRef ref;
  /// Of the Service or Gateway; empty if there is none.
  std::string uid;
  std::map<std::string, std::string> labels;
  /// What it reports itself.
  std::vector<Address> addresses;
  /// spec.loadBalancerClass of a Service.
  std::string load_balancer_class;
  /// What berth.dev/owned of the Service or Gateway lists, and the ports of ListenerSets of
  /// Berth's rules.
  PortsByProtocol owned;
  /// OK, or why it is not chosen (POOL_NOT_READY): missing, being deleted, without an address, or
  /// not serving: a port of a Service failed, a Gateway is not programmed; or not sharing its
  /// address as Driver::kLoadBalancer needs it. A Gateway is for Driver::kGatewayApi alone, and a
  /// Service is not; the Service of a rule is for none.
  absl::Status usable;
};

/// A pool together with what is seen of it in the cluster at one moment.
struct PoolState {
  Pool pool;
  std::vector<LoadBalancerState> load_balancers;
  /// For callers: the published ones where set, else those of the load balancers; each once.
  std::vector<Address> addresses;
  /// Ports of the load balancers that are not Berth's: Service ports, ConfigMap entries and
  /// listeners that berth.dev/owned does not list, listeners of others' ListenerSets, and those
  /// that the controller keeps for itself. For Driver::kLoadBalancer also the ports of all other
  /// Services on the addresses, those of Berth's rules among them: whoever may write a Service
  /// could call it a rule's, and a port whose claim is gone is not free before its Service is.
  PortsByProtocol held_by_others;
  /// What berth.dev/owned of the Services, Gateways and ConfigMaps lists, and the ports of
  /// ListenerSets of Berth's rules.
  PortsByProtocol owned;
  /// Whether everything the pool names has been read, present or not, and what is Berth's there is
  /// understood. Until then `held_by_others` and `owned` may lack something.
  bool known = false;
  /// OK, or why nothing is handed out: POOL_NOT_READY or POOLS_OVERLAP (FAILED_PRECONDITION).
  absl::Status usable;
};

/// An object that a pool names, as seen last.
struct SeenObject {
  /// False before the first read.
  bool known = false;
  /// Null if there is no such object.
  std::shared_ptr<const kube::Json> object;

  friend bool operator==(const SeenObject&, const SeenObject&) = default;
};

/// How the objects that pools name are found.
struct Lookup {
  /// Services and ConfigMaps.
  std::function<SeenObject(const kube::Resource& resource, const kube::ObjectName& name)> object;
  std::function<SeenGateway(const kube::ObjectName& name)> gateway;
  /// Asked for pools of Driver::kLoadBalancer alone.
  std::function<SeenServices()> services;
};

/// Puts pools together with the objects they name, and finds those that share an address. Pure; the
/// states come in the order of the pools.
std::vector<std::shared_ptr<const PoolState>> DerivePoolStates(const std::vector<Pool>& pools,
                                                               const Lookup& find);

}  // namespace berth::pool
