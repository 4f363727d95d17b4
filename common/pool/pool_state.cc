#include "common/pool/pool_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/kube/object.h"
#include "common/pool/labels.h"
#include "common/pool/owned_ports.h"
#include "common/status/status.h"

namespace berth::pool {
namespace {

using kube::Json;

/// What ingress-nginx listens on itself (8443: its webhook); it skips entries for these ports.
constexpr Port kControllerPorts[] = {Port::Of<80>(),    Port::Of<442>(),   Port::Of<443>(),
                                     Port::Of<8181>(),  Port::Of<8443>(),  Port::Of<10245>(),
                                     Port::Of<10246>(), Port::Of<10247>(), Port::Of<10254>()};

absl::Status NotReady(const Pool& pool, std::string_view problem) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_NOT_READY,
               fmt::format("pool '{}': {}", pool.name.value(), problem))
      .WithMetadata("pool", pool.name.value());
}

/// The key of a ConfigMap entry as the controller reads it, leading zeros and '+' included.
std::optional<Port> ParseEntryKey(std::string_view key) {
  if (key.starts_with('+')) {
    key.remove_prefix(1);
  }
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  if (error != std::errc() || end != key.data() + key.size()) {
    return std::nullopt;
  }
  const absl::StatusOr<Port> port = Port::Parse(number);
  return port.ok() ? std::optional<Port>(*port) : std::nullopt;
}

PortsByProtocol ServicePorts(const Json& service) {
  PortsByProtocol ports;
  for (const Json& entry : kube::At(service, {"spec", "ports"})) {
    const std::string text = kube::StringAt(entry, {"protocol"});
    const std::optional<Protocol> protocol = ParseProtocol(text.empty() ? "TCP" : text);
    const absl::StatusOr<Port> port = Port::Parse(kube::IntAt(entry, {"port"}).value_or(0));
    if (protocol.has_value() && port.ok()) {
      ports.Of(*protocol).Insert(*port);
    }
  }
  return ports;
}

PortSet ConfigMapPorts(const Json& configmap) {
  PortSet ports;
  const Json& data = kube::At(configmap, {"data"});
  if (data.is_object()) {
    for (const auto& [key, value] : data.items()) {
      if (const std::optional<Port> port = ParseEntryKey(key); port.has_value()) {
        ports.Insert(*port);
      }
    }
  }
  return ports;
}

/// Whether a port of the load balancer has failed (status.loadBalancer.ingress[].ports[].error).
bool HasPortError(const Json& service) {
  for (const Json& ingress : kube::At(service, {"status", "loadBalancer", "ingress"})) {
    for (const Json& port : kube::At(ingress, {"ports"})) {
      if (!kube::StringAt(port, {"error"}).empty()) {
        return true;
      }
    }
  }
  return false;
}

/// Why the Services of rules cannot share the address of this one; empty if they can.
std::string WhyNotShared(const Json& service, const LoadBalancerSettings& settings) {
  for (const auto& [name, value] : SharingAnnotations(settings)) {
    if (kube::Annotation(service, name) != value) {
      return fmt::format("shares its address with no rule: annotate it with {}={}", name, value);
    }
  }
  const std::string policy = kube::StringAt(service, {"spec", "externalTrafficPolicy"});
  if (policy != ToString(settings.traffic_policy)) {
    return fmt::format("has externalTrafficPolicy '{}', and spec.loadbalancer says '{}'", policy,
                       ToString(settings.traffic_policy));
  }
  return "";
}

std::vector<Address> ReportedAddresses(const Json& service) {
  std::vector<Address> addresses;
  for (const Json& entry : kube::At(service, {"status", "loadBalancer", "ingress"})) {
    absl::StatusOr<Address> address = Address::FromJson(entry);
    if (address.ok()) {
      addresses.push_back(*std::move(address));
    }
  }
  return addresses;
}

/// Builds the state of one pool; overlaps come later.
class StateBuilder {
 public:
  StateBuilder(const Pool& pool, const Lookup& find)
      : find_(find), state_{.pool = pool, .known = true} {}

  PoolState Build() && {
    for (const LoadBalancerRef& ref : state_.pool.load_balancers) {
      state_.load_balancers.push_back(ReadLoadBalancer(ref));
    }
    if (state_.pool.configmap.has_value()) {
      for (const Protocol protocol : kProtocols) {
        ReadConfigMap(state_.pool.configmap->Of(protocol), protocol);
      }
    }
    if (state_.pool.driver == Driver::kConfigMap) {
      for (const Port port : kControllerPorts) {
        state_.held_by_others.tcp.Insert(port);
        state_.held_by_others.udp.Insert(port);
      }
    }
    if (state_.pool.driver == Driver::kLoadBalancer) {
      ReadServicesOnAddresses();
    }
    state_.addresses = AddressesForCallers();
    state_.usable = Usable();
    return std::move(state_);
  }

 private:
  LoadBalancerState ReadLoadBalancer(const LoadBalancerRef& ref) {
    const bool needs_gateway = state_.pool.driver == Driver::kGatewayApi;
    if (needs_gateway != (ref.kind == LoadBalancerKind::kGateway)) {
      return {.ref = ref,
              .usable = NotReady(
                  state_.pool,
                  fmt::format("driver '{}' needs a {} in place of {}", ToString(state_.pool.driver),
                              needs_gateway ? "Gateway" : "Service", ref.ToString()))};
    }
    return needs_gateway ? ReadGateway(ref) : ReadService(ref);
  }

  LoadBalancerState ReadService(const LoadBalancerRef& ref) {
    LoadBalancerState load_balancer{.ref = ref};
    const SeenObject seen = find_.object(kube::kServices, ref.name);
    if (!seen.known) {
      return Unread(ref, "has not been read yet");
    }
    if (seen.object == nullptr) {
      load_balancer.usable = Problem(ref, "does not exist");
      return load_balancer;
    }
    const Json& service = *seen.object;
    load_balancer.addresses = ReportedAddresses(service);
    load_balancer.load_balancer_class = kube::StringAt(service, {"spec", "loadBalancerClass"});
    load_balancer.owned = AddPorts(service, ServicePorts(service));
    Describe(service, FailureOf(service), load_balancer);
    return load_balancer;
  }

  std::string FailureOf(const Json& service) const {
    if (kube::Label(service, kClaimUidLabel).has_value()) {
      return "is the Service of a rule";
    }
    if (HasPortError(service)) {
      return "reports an error for one of its ports";
    }
    return state_.pool.loadbalancer.has_value() ? WhyNotShared(service, *state_.pool.loadbalancer)
                                                : "";
  }

  /// Ports of the other Services on the pool's addresses.
  void ReadServicesOnAddresses() {
    const SeenServices seen = find_.services();
    if (!seen.known) {
      state_.known = false;
      problem_ =
          seen.problem.empty() ? "the cluster's Services have not been read yet" : seen.problem;
      return;
    }
    for (const auto& service : *seen.services) {
      if (!IsNamed(kube::NameOf(*service)) && IsOnAddress(*service)) {
        Add(ServicePorts(*service), state_.held_by_others);
      }
    }
  }

  bool IsNamed(const kube::ObjectName& service) const {
    return std::any_of(
        state_.load_balancers.begin(), state_.load_balancers.end(),
        [&](const auto& load_balancer) { return load_balancer.ref.name == service; });
  }

  bool IsOnAddress(const Json& service) const {
    const std::vector<Address> addresses = ReportedAddresses(service);
    return std::any_of(state_.load_balancers.begin(), state_.load_balancers.end(),
                       [&](const LoadBalancerState& load_balancer) {
                         return std::find_first_of(addresses.begin(), addresses.end(),
                                                   load_balancer.addresses.begin(),
                                                   load_balancer.addresses.end()) !=
                                addresses.end();
                       });
  }

  LoadBalancerState ReadGateway(const LoadBalancerRef& ref) {
    LoadBalancerState load_balancer{.ref = ref};
    const SeenGateway seen = find_.gateway(ref.name);
    if (!seen.known) {
      return Unread(ref, seen.problem.empty() ? "has not been read yet" : seen.problem);
    }
    if (seen.object == nullptr) {
      load_balancer.usable = Problem(ref, seen.problem.empty() ? "does not exist" : seen.problem);
      return load_balancer;
    }
    const Json& gateway = *seen.object;
    load_balancer.addresses = GatewayAddresses(gateway);
    load_balancer.owned = AddPorts(gateway, ListenerPorts(gateway));
    if (seen.listener_sets != nullptr) {
      AddListenerSets(*seen.listener_sets, load_balancer);
    }
    Describe(gateway, NotProgrammed(gateway), load_balancer);
    return load_balancer;
  }

  void AddListenerSets(const AttachedListenerSets& attached, LoadBalancerState& load_balancer) {
    for (const auto& listener_set : attached.own) {
      Add(ListenerPorts(*listener_set), load_balancer.owned);
    }
    Add(load_balancer.owned, state_.owned);
    for (const auto& listener_set : attached.others) {
      Add(ListenerPorts(*listener_set), state_.held_by_others);
    }
  }

  static void Add(const PortsByProtocol& ports, PortsByProtocol& to) {
    for (const Protocol protocol : kProtocols) {
      to.Of(protocol) |= ports.Of(protocol);
    }
  }

  LoadBalancerState Unread(const LoadBalancerRef& ref, const std::string& problem) {
    state_.known = false;
    problem_ = fmt::format("{} {}", ref.ToString(), problem);
    return {.ref = ref, .usable = Problem(ref, problem)};
  }

  /// What is the same for every kind; `failure` says what else is wrong, if anything.
  void Describe(const Json& object, const std::string& failure,
                LoadBalancerState& load_balancer) const {
    load_balancer.uid = kube::Uid(object);
    load_balancer.labels = kube::Labels(object);
    if (kube::IsBeingDeleted(object)) {
      load_balancer.usable = Problem(load_balancer.ref, "is being deleted");
    } else if (load_balancer.addresses.empty()) {
      load_balancer.usable = Problem(load_balancer.ref, "has no address yet");
    } else if (!failure.empty()) {
      load_balancer.usable = Problem(load_balancer.ref, failure);
    }
  }

  void ReadConfigMap(const kube::ObjectName& name, Protocol protocol) {
    const SeenObject seen = find_.object(kube::kConfigMaps, name);
    if (!seen.known) {
      state_.known = false;
      problem_ = fmt::format("ConfigMap {} has not been read yet", name.ToString());
      return;
    }
    if (seen.object != nullptr) {
      PortsByProtocol ports;
      ports.Of(protocol) = ConfigMapPorts(*seen.object);
      AddPorts(*seen.object, ports);
    }
  }

  /// Tells Berth's own ports of an object from those of others; returns its own.
  PortsByProtocol AddPorts(const Json& object, PortsByProtocol ports) {
    const absl::StatusOr<PortsByProtocol> owned = OwnedPorts(object);
    if (!owned.ok()) {
      // Which ports are Berth's cannot be told, so none is, and nothing may rest on it.
      state_.known = false;
      problem_ = fmt::format("{}: {}", kube::NameOf(object).ToString(),
                             std::string(owned.status().message()));
    }
    const PortsByProtocol known_owned = owned.ok() ? *owned : PortsByProtocol();
    for (const Protocol protocol : kProtocols) {
      ports.Of(protocol) -= known_owned.Of(protocol);
    }
    Add(ports, state_.held_by_others);
    Add(known_owned, state_.owned);
    return known_owned;
  }

  absl::Status Problem(const LoadBalancerRef& ref, std::string_view problem) const {
    return NotReady(state_.pool, fmt::format("{} {}", ref.ToString(), problem));
  }

  std::vector<Address> AddressesForCallers() const {
    std::vector<Address> addresses = state_.pool.published_addresses;
    if (addresses.empty()) {
      for (const LoadBalancerState& load_balancer : state_.load_balancers) {
        for (const Address& address : load_balancer.addresses) {
          if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
            addresses.push_back(address);
          }
        }
      }
    }
    return addresses;
  }

  absl::Status Usable() const {
    if (state_.pool.deleting) {
      return NotReady(state_.pool, "it is being deleted");
    }
    if (!problem_.empty()) {
      return NotReady(state_.pool, problem_);
    }
    const auto usable = [](const LoadBalancerState& load_balancer) {
      return load_balancer.usable.ok();
    };
    if (std::any_of(state_.load_balancers.begin(), state_.load_balancers.end(), usable)) {
      return absl::OkStatus();
    }
    return state_.load_balancers.front().usable;
  }

  const Lookup& find_;
  PoolState state_;
  std::string problem_;
};

/// An address that both pools' load balancers report, or a load balancer that both name.
std::optional<std::string> Shared(const PoolState& one, const PoolState& other) {
  for (const LoadBalancerState& a : one.load_balancers) {
    for (const LoadBalancerState& b : other.load_balancers) {
      if (a.ref == b.ref) {
        return a.ref.ToString();
      }
      for (const Address& address : a.addresses) {
        if (std::find(b.addresses.begin(), b.addresses.end(), address) != b.addresses.end()) {
          return "address " + address.host();
        }
      }
    }
  }
  return std::nullopt;
}

absl::Status Overlap(const Pool& pool, const Pool& other, const std::string& shared) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOLS_OVERLAP,
               fmt::format("pools '{}' and '{}' share {}: make them one pool", pool.name.value(),
                           other.name.value(), shared))
      .WithMetadata("pool", pool.name.value())
      .WithMetadata("other_pool", other.name.value());
}

}  // namespace

std::vector<std::shared_ptr<const PoolState>> DerivePoolStates(const std::vector<Pool>& pools,
                                                               const Lookup& find) {
  std::vector<std::shared_ptr<PoolState>> states;
  states.reserve(pools.size());
  for (const Pool& pool : pools) {
    states.push_back(std::make_shared<PoolState>(StateBuilder(pool, find).Build()));
  }
  for (const auto& state : states) {
    for (const auto& other : states) {
      if (state == other || state->pool.deleting) {
        continue;
      }
      if (const auto shared = Shared(*state, *other); shared.has_value()) {
        state->usable = Overlap(state->pool, other->pool, *shared);
      }
    }
  }
  return {states.begin(), states.end()};
}

}  // namespace berth::pool
