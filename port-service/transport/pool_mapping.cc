#include "port-service/transport/pool_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/transport/take.h"

namespace berth::port {
namespace {

using std::chrono::seconds;

constexpr int kMaxLoadBalancers = 16;
constexpr int kMaxReservedPorts = 1024;
constexpr int kMaxAddresses = 16;
constexpr int kMaxQuotas = 1025;
constexpr std::size_t kMaxSharingKey = 253;
constexpr seconds kDay = std::chrono::hours(24);

constexpr pool::Driver kDrivers[] = {pool::Driver::kConfigMap, pool::Driver::kGatewayApi,
                                     pool::Driver::kLoadBalancer, pool::Driver::kHelmValues};
constexpr pool::LoadBalancerKind kKinds[] = {pool::LoadBalancerKind::kService,
                                             pool::LoadBalancerKind::kGateway};

/// The one of `values` that is spelled `text`; a violation if there is none.
template <typename T, std::size_t kSize>
std::optional<T> ParseOneOf(const T (&values)[kSize], const std::string& text,
                            const std::string& field, FieldViolations& violations) {
  std::string names;
  for (const T value : values) {
    if (pool::ToString(value) == text) {
      return value;
    }
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", pool::ToString(value));
  }
  violations.Add(field, "must be one of " + names);
  return std::nullopt;
}

/// False, with a violation, if the list is too long to be looked at.
bool CheckSize(int size, int most, const std::string& field, FieldViolations& violations) {
  if (size > most) {
    violations.Add(field, fmt::format("must have at most {} entries", most));
  }
  return size <= most;
}

template <typename Proto>
kube::ObjectName ParseObjectName(const Proto& proto, const std::string& field,
                                 FieldViolations& violations) {
  if (proto.namespace_().empty() || proto.namespace_().size() > 63) {
    violations.Add(field + ".namespace", "must be 1 to 63 characters");
  }
  if (proto.name().empty() || proto.name().size() > 253) {
    violations.Add(field + ".name", "must be 1 to 253 characters");
  }
  return {proto.namespace_(), proto.name()};
}

std::vector<pool::LoadBalancerRef> ParseLoadBalancers(const v1::PortPool& proto,
                                                      std::optional<pool::Driver> driver,
                                                      FieldViolations& violations) {
  std::vector<pool::LoadBalancerRef> refs;
  if (proto.load_balancers().empty()) {
    violations.Add("pool.load_balancers", "is required: name a Service or Gateway");
  }
  if (!CheckSize(proto.load_balancers_size(), kMaxLoadBalancers, "pool.load_balancers",
                 violations)) {
    return refs;
  }
  for (int i = 0; i < proto.load_balancers_size(); ++i) {
    const std::string field = fmt::format("pool.load_balancers[{}]", i);
    const v1::LoadBalancer& entry = proto.load_balancers(i);
    const auto kind = ParseOneOf(kKinds, entry.kind(), field + ".kind", violations);
    const bool needs_gateway = driver == pool::Driver::kGatewayApi;
    if (kind.has_value() && driver.has_value() &&
        (kind == pool::LoadBalancerKind::kGateway) != needs_gateway) {
      violations.Add(field + ".kind",
                     fmt::format("must be '{}' for driver '{}'",
                                 needs_gateway ? "Gateway" : "Service", pool::ToString(*driver)));
    }
    const pool::LoadBalancerRef ref{kind.value_or(pool::LoadBalancerKind::kService),
                                    ParseObjectName(entry, field, violations)};
    if (std::find(refs.begin(), refs.end(), ref) != refs.end()) {
      violations.Add(field, "is named twice");
    }
    refs.push_back(ref);
  }
  return refs;
}

pool::PortSet ParseReserved(const v1::PortPool& proto, FieldViolations& violations) {
  pool::PortSet reserved;
  if (!CheckSize(proto.reserved_ports_size(), kMaxReservedPorts, "pool.reserved_ports",
                 violations)) {
    return reserved;
  }
  for (int i = 0; i < proto.reserved_ports_size(); ++i) {
    const std::int64_t number = proto.reserved_ports(i);
    const absl::StatusOr<pool::Port> port = pool::Port::Parse(number);
    if (!port.ok() || number < proto.first_port() || number > proto.last_port()) {
      violations.Add(fmt::format("pool.reserved_ports[{}]", i), "is not a port of the range");
    } else {
      reserved.Insert(*port);
    }
  }
  return reserved;
}

std::optional<int> ParseStaticPorts(const v1::PortPool& proto, FieldViolations& violations) {
  if (!proto.has_static_ports()) {
    return std::nullopt;
  }
  const std::int64_t size = std::int64_t{proto.last_port()} - proto.first_port() + 1;
  if (proto.static_ports() < 0 || proto.static_ports() > size) {
    violations.Add("pool.static_ports", "must be 0 to the size of the range");
  }
  return proto.static_ports();
}

absl::StatusOr<pool::Address> ParseAddress(const v1::Address& proto) {
  switch (proto.host_case()) {
    case v1::Address::kIp:
      return pool::Address::ParseIp(proto.ip());
    case v1::Address::kHostname:
      return pool::Address::ParseHostname(proto.hostname());
    case v1::Address::HOST_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("must have an IP address or a hostname");
}

std::vector<pool::Address> ParseAddresses(const v1::PortPool& proto, FieldViolations& violations) {
  std::vector<pool::Address> addresses;
  if (!CheckSize(proto.published_addresses_size(), kMaxAddresses, "pool.published_addresses",
                 violations)) {
    return addresses;
  }
  for (int i = 0; i < proto.published_addresses_size(); ++i) {
    if (auto address = Take(ParseAddress(proto.published_addresses(i)),
                            fmt::format("pool.published_addresses[{}]", i), violations)) {
      addresses.push_back(*std::move(address));
    }
  }
  return addresses;
}

pool::Quotas ParseQuotas(const v1::PortPool& proto, FieldViolations& violations) {
  pool::Quotas quotas;
  if (!CheckSize(proto.quotas_size(), kMaxQuotas, "pool.quotas", violations)) {
    return quotas;
  }
  for (int i = 0; i < proto.quotas_size(); ++i) {
    const v1::PortQuota& quota = proto.quotas(i);
    const std::string field = fmt::format("pool.quotas[{}]", i);
    if (quota.ports() < 0 || quota.ports() > 65'535) {
      violations.Add(field + ".ports", "must be 0 to 65535");
    }
    if (quota.namespace_().size() > 253) {
      violations.Add(field + ".namespace", "must be at most 253 characters");
    }
    const bool is_default = quota.namespace_().empty();
    if (is_default ? quotas.per_namespace.has_value()
                   : quotas.by_namespace.contains(quota.namespace_())) {
      violations.Add(field + ".namespace", "has a quota already");
    } else if (is_default) {
      quotas.per_namespace = quota.ports();
    } else {
      quotas.by_namespace.emplace(quota.namespace_(), quota.ports());
    }
  }
  return quotas;
}

/// Whole seconds from `least` to a day; `otherwise` when unset.
seconds ParseSeconds(bool is_set, const google::protobuf::Duration& proto, seconds least,
                     seconds otherwise, const std::string& field, FieldViolations& violations) {
  if (!is_set) {
    return otherwise;
  }
  const seconds value(proto.seconds());
  if (proto.nanos() != 0 || value < least || value > kDay) {
    violations.Add(field, fmt::format("must be whole seconds from {} s to 24 h", least.count()));
  }
  return value;
}

std::optional<pool::ConfigMapRefs> ParseConfigMap(const v1::PortPool& proto,
                                                  std::optional<pool::Driver> driver,
                                                  FieldViolations& violations) {
  if (!proto.has_configmap()) {
    if (driver == pool::Driver::kConfigMap) {
      violations.Add("pool.configmap", "is required by driver 'configmap'");
    }
    return std::nullopt;
  }
  if (driver.has_value() && driver != pool::Driver::kConfigMap) {
    violations.Add("pool.configmap", "is for driver 'configmap' alone");
  }
  const v1::ConfigMapSettings& settings = proto.configmap();
  return pool::ConfigMapRefs{
      .tcp_services =
          ParseObjectName(settings.tcp_services(), "pool.configmap.tcp_services", violations),
      .udp_services =
          ParseObjectName(settings.udp_services(), "pool.configmap.udp_services", violations)};
}

std::optional<pool::LoadBalancerImplementation> ParseImplementation(int implementation) {
  switch (implementation) {
    case v1::LoadBalancerSettings::IMPLEMENTATION_METALLB:
      return pool::LoadBalancerImplementation::kMetalLb;
    case v1::LoadBalancerSettings::IMPLEMENTATION_CILIUM:
      return pool::LoadBalancerImplementation::kCilium;
    case v1::LoadBalancerSettings::IMPLEMENTATION_KUBE_VIP:
      return pool::LoadBalancerImplementation::kKubeVip;
    default:
      return std::nullopt;
  }
}

std::optional<pool::TrafficPolicy> ParseTrafficPolicy(int policy) {
  switch (policy) {
    case v1::LoadBalancerSettings::EXTERNAL_TRAFFIC_POLICY_UNSPECIFIED:
    case v1::LoadBalancerSettings::EXTERNAL_TRAFFIC_POLICY_CLUSTER:
      return pool::TrafficPolicy::kCluster;
    case v1::LoadBalancerSettings::EXTERNAL_TRAFFIC_POLICY_LOCAL:
      return pool::TrafficPolicy::kLocal;
    default:
      return std::nullopt;
  }
}

std::optional<pool::LoadBalancerSettings> ParseLoadBalancerSettings(
    const v1::PortPool& proto, std::optional<pool::Driver> driver, FieldViolations& violations) {
  if (!proto.has_loadbalancer()) {
    if (driver == pool::Driver::kLoadBalancer) {
      violations.Add("pool.loadbalancer", "is required by driver 'loadbalancer'");
    }
    return std::nullopt;
  }
  if (driver.has_value() && driver != pool::Driver::kLoadBalancer) {
    violations.Add("pool.loadbalancer", "is for driver 'loadbalancer' alone");
  }
  const v1::LoadBalancerSettings& from = proto.loadbalancer();
  const auto implementation = ParseImplementation(from.implementation());
  const auto policy = ParseTrafficPolicy(from.external_traffic_policy());
  if (!implementation.has_value()) {
    violations.Add("pool.loadbalancer.implementation", "is required and must be a known one");
  }
  if (!policy.has_value()) {
    violations.Add("pool.loadbalancer.external_traffic_policy", "is not known");
  }
  if (from.sharing_key().size() > kMaxSharingKey) {
    violations.Add("pool.loadbalancer.sharing_key",
                   fmt::format("must be at most {} characters", kMaxSharingKey));
  }
  if (!implementation.has_value() || !policy.has_value()) {
    return std::nullopt;
  }
  pool::LoadBalancerSettings settings{.implementation = *implementation,
                                      .sharing_key = from.sharing_key(),
                                      .traffic_policy = *policy};
  if (const std::string problem = pool::ProblemOf(settings); !problem.empty()) {
    violations.Add("pool.loadbalancer", problem);
  }
  return settings;
}

pool::DriftPolicy ParseDriftPolicy(const v1::PortPool& proto, std::optional<pool::Driver> driver,
                                   FieldViolations& violations) {
  switch (proto.drift_policy()) {
    case v1::PortPool::DRIFT_POLICY_UNSPECIFIED:
    case v1::PortPool::DRIFT_POLICY_REPAIR:
      return pool::DriftPolicy::kRepair;
    case v1::PortPool::DRIFT_POLICY_REPORT:
      if (driver.has_value() && driver != pool::Driver::kConfigMap) {
        violations.Add("pool.drift_policy",
                       fmt::format("must be DRIFT_POLICY_REPAIR: driver '{}' shares its objects "
                                   "with nobody",
                                   pool::ToString(*driver)));
      }
      return pool::DriftPolicy::kReport;
    default:
      violations.Add("pool.drift_policy", "must be DRIFT_POLICY_REPAIR or DRIFT_POLICY_REPORT");
      return pool::DriftPolicy::kRepair;
  }
}

}  // namespace

absl::StatusOr<PoolSpec> ParsePoolSpec(const v1::PortPool& proto) {
  FieldViolations violations;
  auto name = Take(pool::PoolName::Parse(proto.name()), "pool.name", violations);
  const auto driver = ParseOneOf(kDrivers, proto.driver(), "pool.driver", violations);
  std::vector<pool::LoadBalancerRef> load_balancers = ParseLoadBalancers(proto, driver, violations);
  const auto first =
      Take(pool::Port::Parse(std::int64_t{proto.first_port()}), "pool.first_port", violations);
  const auto last =
      Take(pool::Port::Parse(std::int64_t{proto.last_port()}), "pool.last_port", violations);
  if (first.has_value() && last.has_value() && *last < *first) {
    violations.Add("pool.last_port", "must not be below first_port");
  }
  const pool::PortSet reserved = ParseReserved(proto, violations);
  const std::optional<int> static_ports = ParseStaticPorts(proto, violations);
  pool::Quotas quotas = ParseQuotas(proto, violations);
  std::vector<pool::Address> published = ParseAddresses(proto, violations);
  const seconds claim_ttl = ParseSeconds(proto.has_claim_ttl(), proto.claim_ttl(), seconds(1),
                                         std::chrono::minutes(10), "pool.claim_ttl", violations);
  const seconds quarantine = ParseSeconds(proto.has_quarantine(), proto.quarantine(), seconds(0),
                                          std::chrono::minutes(10), "pool.quarantine", violations);
  std::optional<pool::ConfigMapRefs> configmap = ParseConfigMap(proto, driver, violations);
  auto loadbalancer = ParseLoadBalancerSettings(proto, driver, violations);
  const pool::DriftPolicy drift_policy = ParseDriftPolicy(proto, driver, violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return PoolSpec{.name = *std::move(name),
                  .driver = *driver,
                  .load_balancers = std::move(load_balancers),
                  .first = *first,
                  .last = *last,
                  .reserved = reserved,
                  .static_ports = static_ports,
                  .quotas = std::move(quotas),
                  .published_addresses = std::move(published),
                  .claim_ttl = claim_ttl,
                  .quarantine = quarantine,
                  .drift_policy = drift_policy,
                  .configmap = std::move(configmap),
                  .loadbalancer = std::move(loadbalancer)};
}

}  // namespace berth::port
