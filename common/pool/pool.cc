#include "common/pool/pool.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::pool {
namespace {

using kube::Json;

constexpr LoadBalancerImplementation kImplementations[] = {LoadBalancerImplementation::kMetalLb,
                                                           LoadBalancerImplementation::kCilium,
                                                           LoadBalancerImplementation::kKubeVip};
constexpr Driver kDrivers[] = {Driver::kConfigMap, Driver::kGatewayApi, Driver::kLoadBalancer,
                               Driver::kHelmValues};

absl::Status Unusable(std::string_view field, std::string_view problem) {
  return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD,
               fmt::format("{}: {}", field, problem));
}

kube::ObjectName NameAt(const Json& reference) {
  return {kube::StringAt(reference, {"namespace"}), kube::StringAt(reference, {"name"})};
}

absl::StatusOr<Driver> ParseDriver(const std::string& text) {
  for (const Driver driver : kDrivers) {
    if (text == ToString(driver)) {
      return driver;
    }
  }
  return Unusable("spec.driver", fmt::format("'{}' is not known to this version", text));
}

absl::StatusOr<DriftPolicy> ParseDriftPolicy(const std::string& text) {
  for (const DriftPolicy policy : {DriftPolicy::kRepair, DriftPolicy::kReport}) {
    if (text == ToString(policy)) {
      return policy;
    }
  }
  // Absent from what was stored before the field was there.
  return text.empty() ? absl::StatusOr<DriftPolicy>(DriftPolicy::kRepair)
                      : Unusable("spec.driftPolicy", fmt::format("'{}' is not known", text));
}

absl::StatusOr<std::vector<LoadBalancerRef>> ParseLoadBalancers(const Json& list) {
  std::vector<LoadBalancerRef> load_balancers;
  for (const Json& entry : list) {
    const std::string kind = kube::StringAt(entry, {"kind"});
    if (kind == ToString(LoadBalancerKind::kService)) {
      load_balancers.push_back({LoadBalancerKind::kService, NameAt(entry)});
    } else if (kind == ToString(LoadBalancerKind::kGateway)) {
      load_balancers.push_back({LoadBalancerKind::kGateway, NameAt(entry)});
    } else {
      return Unusable("spec.loadBalancers", fmt::format("kind '{}' is not known", kind));
    }
  }
  if (load_balancers.empty()) {
    return Unusable("spec.loadBalancers", "name at least one Service or Gateway");
  }
  return load_balancers;
}

absl::StatusOr<LoadBalancerImplementation> ParseImplementation(const std::string& text) {
  for (const LoadBalancerImplementation implementation : kImplementations) {
    if (text == ToString(implementation)) {
      return implementation;
    }
  }
  return Unusable("spec.loadbalancer.implementation",
                  fmt::format("'{}' is not known to this version", text));
}

absl::StatusOr<TrafficPolicy> ParseTrafficPolicy(const std::string& text) {
  for (const TrafficPolicy policy : {TrafficPolicy::kCluster, TrafficPolicy::kLocal}) {
    if (text == ToString(policy)) {
      return policy;
    }
  }
  return text.empty() ? absl::StatusOr<TrafficPolicy>(TrafficPolicy::kCluster)
                      : Unusable("spec.loadbalancer.externalTrafficPolicy",
                                 fmt::format("'{}' is not known", text));
}

absl::StatusOr<LoadBalancerSettings> ParseLoadBalancerSettings(const Json& object) {
  LoadBalancerSettings settings;
  ASSIGN_OR_RETURN(settings.implementation,
                   ParseImplementation(kube::StringAt(object, {"implementation"})));
  ASSIGN_OR_RETURN(settings.traffic_policy,
                   ParseTrafficPolicy(kube::StringAt(object, {"externalTrafficPolicy"})));
  settings.sharing_key = kube::StringAt(object, {"sharingKey"});
  if (const std::string problem = ProblemOf(settings); !problem.empty()) {
    return Unusable("spec.loadbalancer", problem);
  }
  return settings;
}

absl::StatusOr<PortSet> ParsePorts(const Json& list) {
  PortSet ports;
  for (const Json& entry : list) {
    ASSIGN_OR_RETURN(
        const Port port,
        Port::Parse(entry.is_number_integer() ? entry.get<std::int64_t>() : std::int64_t{0}));
    ports.Insert(port);
  }
  return ports;
}

absl::StatusOr<std::vector<Address>> ParseAddresses(const Json& list) {
  std::vector<Address> addresses;
  for (const Json& entry : list) {
    ASSIGN_OR_RETURN(Address address, Address::FromJson(entry));
    addresses.push_back(std::move(address));
  }
  return addresses;
}

absl::StatusOr<Port> PortAt(const Json& object, std::string_view end) {
  return Port::Parse(kube::IntAt(object, {"spec", "portRange", end}).value_or(0));
}

std::chrono::seconds SecondsAt(const Json& object, std::string_view field,
                               std::chrono::seconds otherwise) {
  const std::optional<std::int64_t> seconds = kube::IntAt(object, {"spec", field});
  return seconds.has_value() ? std::chrono::seconds(*seconds) : otherwise;
}

Quotas ParseQuotas(const Json& object) {
  Quotas quotas;
  if (const auto ports = kube::IntAt(object, {"portsPerNamespace"}); ports.has_value()) {
    quotas.per_namespace = static_cast<int>(*ports);
  }
  for (const Json& entry : kube::At(object, {"namespaces"})) {
    quotas.by_namespace.emplace(kube::StringAt(entry, {"namespace"}),
                                static_cast<int>(kube::IntAt(entry, {"ports"}).value_or(0)));
  }
  return quotas;
}

}  // namespace

std::string_view ToString(Driver driver) {
  switch (driver) {
    case Driver::kConfigMap:
      return "configmap";
    case Driver::kGatewayApi:
      return "gateway-api";
    case Driver::kLoadBalancer:
      return "loadbalancer";
    case Driver::kHelmValues:
      return "helm-values";
  }
  return "";
}

std::string_view ToString(LoadBalancerKind kind) {
  switch (kind) {
    case LoadBalancerKind::kService:
      return "Service";
    case LoadBalancerKind::kGateway:
      return "Gateway";
  }
  return "";
}

std::string_view ToString(DriftPolicy policy) {
  switch (policy) {
    case DriftPolicy::kRepair:
      return "Repair";
    case DriftPolicy::kReport:
      return "Report";
  }
  return "";
}

std::string LoadBalancerRef::ToString() const {
  return fmt::format("{} {}", pool::ToString(kind), name.ToString());
}

bool Pool::Allows(Port port) const {
  return first <= port && port <= last && !reserved.Contains(port);
}

int DefaultStaticPorts(int size) { return size < 32 ? 0 : std::min(std::max(16, size / 32), 128); }

absl::StatusOr<Pool> ParsePool(const Json& object) {
  ASSIGN_OR_RETURN(PoolName name, PoolName::Parse(kube::Name(object)));
  ASSIGN_OR_RETURN(const Driver driver, ParseDriver(kube::StringAt(object, {"spec", "driver"})));
  ASSIGN_OR_RETURN(const DriftPolicy drift_policy,
                   ParseDriftPolicy(kube::StringAt(object, {"spec", "driftPolicy"})));
  ASSIGN_OR_RETURN(std::vector<LoadBalancerRef> load_balancers,
                   ParseLoadBalancers(kube::At(object, {"spec", "loadBalancers"})));
  ASSIGN_OR_RETURN(const Port first, PortAt(object, "first"));
  ASSIGN_OR_RETURN(const Port last, PortAt(object, "last"));
  if (last < first) {
    return Unusable("spec.portRange", "first must not be above last");
  }
  ASSIGN_OR_RETURN(PortSet reserved, ParsePorts(kube::At(object, {"spec", "reservedPorts"})));
  ASSIGN_OR_RETURN(std::vector<Address> published,
                   ParseAddresses(kube::At(object, {"spec", "publishedAddresses"})));

  const int size = last.number() - first.number() + 1;
  const std::int64_t static_ports =
      kube::IntAt(object, {"spec", "staticPorts"}).value_or(DefaultStaticPorts(size));

  Pool pool{
      .name = std::move(name),
      .uid = kube::Uid(object),
      .generation = kube::Generation(object),
      .deleting = kube::IsBeingDeleted(object),
      .driver = driver,
      .load_balancers = std::move(load_balancers),
      .first = first,
      .last = last,
      .reserved = reserved,
      .static_ports = static_cast<int>(std::clamp<std::int64_t>(static_ports, 0, size)),
      .quotas = ParseQuotas(kube::At(object, {"spec", "quotas"})),
      .published_addresses = std::move(published),
      .claim_ttl = SecondsAt(object, "claimTtlSeconds", std::chrono::minutes(10)),
      .quarantine = SecondsAt(object, "quarantineSeconds", std::chrono::minutes(10)),
      .drift_policy = drift_policy,
      .configmap = std::nullopt,
      .loadbalancer = std::nullopt,
  };
  if (const Json& configmap = kube::At(object, {"spec", "configmap"}); configmap.is_object()) {
    pool.configmap = ConfigMapRefs{.tcp_services = NameAt(kube::At(configmap, {"tcpServices"})),
                                   .udp_services = NameAt(kube::At(configmap, {"udpServices"}))};
  } else if (driver == Driver::kConfigMap) {
    return Unusable("spec.configmap", "the configmap driver needs it");
  }
  if (const Json& settings = kube::At(object, {"spec", "loadbalancer"}); settings.is_object()) {
    ASSIGN_OR_RETURN(pool.loadbalancer, ParseLoadBalancerSettings(settings));
  } else if (driver == Driver::kLoadBalancer) {
    return Unusable("spec.loadbalancer", "the loadbalancer driver needs it");
  }
  return pool;
}

}  // namespace berth::pool
