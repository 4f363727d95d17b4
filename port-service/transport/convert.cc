#include "port-service/transport/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/domain/pool_store.h"
#include "port-service/transport/take.h"

namespace berth::port {
namespace {

constexpr int kMaxAvoided = 64;
constexpr int kMaxEntries = 16;
constexpr std::size_t kMaxLabels = 32;
/// How much of a key at fault is told.
constexpr std::size_t kToldOfKey = 64;
constexpr std::chrono::seconds kMinTtl{1};
constexpr std::chrono::seconds kMaxTtl = std::chrono::hours(24);

v1::Protocol ToProto(pool::Protocol protocol) {
  switch (protocol) {
    case pool::Protocol::kTcp:
      return v1::PROTOCOL_TCP;
    case pool::Protocol::kUdp:
      return v1::PROTOCOL_UDP;
  }
  return v1::PROTOCOL_UNSPECIFIED;
}

v1::PortClaim::State ToProto(ClaimState state) {
  switch (state) {
    case ClaimState::kReserved:
      return v1::PortClaim::STATE_RESERVED;
    case ClaimState::kBound:
      return v1::PortClaim::STATE_BOUND;
    case ClaimState::kReleasing:
      return v1::PortClaim::STATE_RELEASING;
    case ClaimState::kQuarantined:
      return v1::PortClaim::STATE_QUARANTINED;
  }
  return v1::PortClaim::STATE_UNSPECIFIED;
}

template <typename Repeated>
void AddAddresses(const std::vector<pool::Address>& addresses, Repeated& to) {
  for (const pool::Address& address : addresses) {
    *to.Add() = port::ToProto(address);
  }
}

void AddQuotas(const pool::Quotas& quotas, v1::PortPool& proto) {
  if (quotas.per_namespace.has_value()) {
    proto.add_quotas()->set_ports(*quotas.per_namespace);
  }
  for (const auto& [ns, ports] : quotas.by_namespace) {
    v1::PortQuota& quota = *proto.add_quotas();
    quota.set_namespace_(ns);
    quota.set_ports(ports);
  }
}

v1::ObjectName ToProto(const kube::ObjectName& name) {
  v1::ObjectName proto;
  proto.set_namespace_(name.ns);
  proto.set_name(name.name);
  return proto;
}

v1::LoadBalancerSettings::Implementation ToProto(pool::LoadBalancerImplementation implementation) {
  switch (implementation) {
    case pool::LoadBalancerImplementation::kMetalLb:
      return v1::LoadBalancerSettings::IMPLEMENTATION_METALLB;
    case pool::LoadBalancerImplementation::kCilium:
      return v1::LoadBalancerSettings::IMPLEMENTATION_CILIUM;
    case pool::LoadBalancerImplementation::kKubeVip:
      return v1::LoadBalancerSettings::IMPLEMENTATION_KUBE_VIP;
  }
  return v1::LoadBalancerSettings::IMPLEMENTATION_UNSPECIFIED;
}

v1::LoadBalancerSettings ToProto(const pool::LoadBalancerSettings& settings) {
  v1::LoadBalancerSettings proto;
  proto.set_implementation(ToProto(settings.implementation));
  proto.set_sharing_key(settings.sharing_key);
  proto.set_external_traffic_policy(
      settings.traffic_policy == pool::TrafficPolicy::kLocal
          ? v1::LoadBalancerSettings::EXTERNAL_TRAFFIC_POLICY_LOCAL
          : v1::LoadBalancerSettings::EXTERNAL_TRAFFIC_POLICY_CLUSTER);
  return proto;
}

google::protobuf::Timestamp ToProto(kube::Time time) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  google::protobuf::Timestamp proto;
  proto.set_seconds(seconds.count());
  proto.set_nanos(static_cast<int>(std::chrono::nanoseconds(since_epoch - seconds).count()));
  return proto;
}

/// The protocols of an entry in the order of pool::kProtocols; TCP when none is named.
std::vector<pool::Protocol> ParseProtocols(const v1::PortRequest& request, const std::string& field,
                                           FieldViolations& violations) {
  std::set<pool::Protocol> protocols;
  for (int i = 0; i < request.protocols_size(); ++i) {
    const std::string element = fmt::format("{}[{}]", field, i);
    if (request.protocols(i) != v1::PROTOCOL_TCP && request.protocols(i) != v1::PROTOCOL_UDP) {
      violations.Add(element, "must be PROTOCOL_TCP or PROTOCOL_UDP");
      continue;
    }
    const pool::Protocol protocol =
        request.protocols(i) == v1::PROTOCOL_TCP ? pool::Protocol::kTcp : pool::Protocol::kUdp;
    if (!protocols.insert(protocol).second) {
      violations.Add(element, "is named twice");
    }
  }
  if (request.protocols().empty()) {
    protocols.insert(pool::Protocol::kTcp);
  }
  return {protocols.begin(), protocols.end()};
}

PortWish ParseWish(const v1::PortRequest& request, const std::string& field,
                   FieldViolations& violations) {
  PortWish wish;
  if (auto name = Take(EntryName::Parse(request.name()), field + ".name", violations)) {
    wish.name = *std::move(name);
  }
  wish.protocols = ParseProtocols(request, field + ".protocols", violations);
  if (request.port() != 0) {
    wish.port = Take(pool::Port::Parse(std::int64_t{request.port()}), field + ".port", violations);
  } else if (request.held_by_others()) {
    violations.Add(field + ".held_by_others", "needs a port");
  }
  wish.held_by_others = request.held_by_others();
  return wish;
}

/// Entries of one request differ in name, and do not ask for the same port.
void CheckDistinct(const std::vector<PortWish>& wishes, FieldViolations& violations) {
  std::set<EntryName> names;
  std::set<std::pair<pool::Protocol, pool::Port>> ports;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const PortWish& wish = wishes[i];
    if (wishes.size() > 1 && wish.name.value().empty()) {
      violations.Add(fmt::format("ports[{}].name", i), "is required with several entries");
    } else if (!names.insert(wish.name).second) {
      violations.Add(fmt::format("ports[{}].name", i), "is the name of another entry too");
    }
    for (const pool::Protocol protocol : wish.protocols) {
      if (wish.port.has_value() && !ports.emplace(protocol, *wish.port).second) {
        violations.Add(fmt::format("ports[{}].port", i), "is asked for by another entry too");
      }
    }
  }
}

std::vector<PortWish> ParseWishes(const v1::ClaimRequest& request, FieldViolations& violations) {
  if (request.ports_size() > kMaxEntries) {
    violations.Add("ports", fmt::format("must have at most {} entries", kMaxEntries));
    return {};
  }
  std::vector<PortWish> wishes;
  wishes.reserve(static_cast<std::size_t>(request.ports_size()));
  for (int i = 0; i < request.ports_size(); ++i) {
    wishes.push_back(ParseWish(request.ports(i), fmt::format("ports[{}]", i), violations));
  }
  if (wishes.empty()) {
    wishes.push_back({.protocols = {pool::Protocol::kTcp}});
  }
  CheckDistinct(wishes, violations);
  return wishes;
}

pool::PortSet ParseAvoided(const v1::ClaimRequest& request, FieldViolations& violations) {
  pool::PortSet avoid;
  if (request.avoid_ports_size() > kMaxAvoided) {
    violations.Add("avoid_ports", fmt::format("must have at most {} entries", kMaxAvoided));
    return avoid;
  }
  for (int i = 0; i < request.avoid_ports_size(); ++i) {
    if (auto port = Take(pool::Port::Parse(std::int64_t{request.avoid_ports(i)}),
                         fmt::format("avoid_ports[{}]", i), violations)) {
      avoid.Insert(*port);
    }
  }
  return avoid;
}

template <typename Request>
std::optional<std::chrono::seconds> ParseTtl(const Request& request, FieldViolations& violations) {
  if (!request.has_ttl()) {
    return std::nullopt;
  }
  const std::chrono::seconds ttl(request.ttl().seconds());
  if (request.ttl().nanos() != 0 || ttl < kMinTtl || ttl > kMaxTtl) {
    violations.Add("ttl", "must be whole seconds from 1 s to 24 h");
    return std::nullopt;
  }
  return ttl;
}

std::optional<pool::ExposureRef> ParseExposure(const v1::ClaimRequest& request,
                                               FieldViolations& violations) {
  if (!request.has_exposure()) {
    return std::nullopt;
  }
  const v1::ExposureRef& exposure = request.exposure();
  const auto check = [&](const char* field, const std::string& value, std::size_t max_size) {
    if (value.empty() || value.size() > max_size) {
      violations.Add(field, fmt::format("must be 1 to {} characters", max_size));
    }
  };
  check("exposure.namespace", exposure.namespace_(), 63);
  check("exposure.name", exposure.name(), 253);
  check("exposure.uid", exposure.uid(), 63);
  if (exposure.generation() < 0) {
    violations.Add("exposure.generation", "must not be negative");
  }
  return pool::ExposureRef{.ns = exposure.namespace_(),
                           .name = exposure.name(),
                           .uid = exposure.uid(),
                           .generation = exposure.generation()};
}

/// None if a field is at fault.
std::optional<ClaimId> ReadClaimId(const std::string& name, const std::string& uid,
                                   FieldViolations& violations) {
  auto parsed = Take(pool::ClaimName::Parse(name), "name", violations);
  if (uid.empty() || uid.size() > 63) {
    violations.Add("uid", "must be 1 to 63 characters");
    return std::nullopt;
  }
  return parsed.has_value() ? std::optional(ClaimId{.name = *std::move(parsed), .uid = uid})
                            : std::nullopt;
}

Labels ParseLabels(const google::protobuf::Map<std::string, std::string>& proto,
                   FieldViolations& violations) {
  if (proto.size() > kMaxLabels) {
    violations.Add("labels", fmt::format("must be at most {}", kMaxLabels));
    return {};
  }
  Labels labels(proto.begin(), proto.end());
  for (const auto& [key, value] : labels) {
    violations.AddAll(fmt::format("labels[{}]", key.substr(0, kToldOfKey)), CheckLabel(key, value));
  }
  return labels;
}

std::optional<ClaimState> ParseState(int state) {
  switch (state) {
    case v1::PortClaim::STATE_RESERVED:
      return ClaimState::kReserved;
    case v1::PortClaim::STATE_BOUND:
      return ClaimState::kBound;
    case v1::PortClaim::STATE_RELEASING:
      return ClaimState::kReleasing;
    case v1::PortClaim::STATE_QUARANTINED:
      return ClaimState::kQuarantined;
    default:
      return std::nullopt;
  }
}

template <typename Request>
absl::StatusOr<ClaimFilter> ParseFilter(const Request& request) {
  FieldViolations violations;
  ClaimFilter filter{.ns = request.namespace_()};
  if (!request.pool().empty()) {
    filter.pool = Take(pool::PoolName::Parse(request.pool()), "pool", violations);
  }
  if (!request.owner().empty()) {
    filter.owner = Take(Owner::Parse(request.owner()), "owner", violations);
  }
  for (int i = 0; i < request.states_size(); ++i) {
    if (const std::optional<ClaimState> state = ParseState(request.states(i)); state.has_value()) {
      filter.states.insert(*state);
    } else {
      violations.Add(fmt::format("states[{}]", i), "is not a state of claims");
    }
  }
  if (!request.label_selector().empty()) {
    filter.labels =
        Take(kube::LabelSelector::Parse(request.label_selector()), "label_selector", violations);
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return filter;
}

std::optional<PoolSelector::Strategy> ParseStrategy(int strategy) {
  switch (strategy) {
    case v1::PoolSelector::STRATEGY_UNSPECIFIED:
    case v1::PoolSelector::STRATEGY_OWNERS_LAST:
      return PoolSelector::Strategy::kOwnersLast;
    case v1::PoolSelector::STRATEGY_LEAST_USED:
      return PoolSelector::Strategy::kLeastUsed;
    case v1::PoolSelector::STRATEGY_RANDOM:
      return PoolSelector::Strategy::kRandom;
    default:
      return std::nullopt;
  }
}

/// An IP address, else a DNS name.
absl::StatusOr<pool::Address> ParseAddress(const std::string& text) {
  absl::StatusOr<pool::Address> ip = pool::Address::ParseIp(text);
  return ip.ok() ? ip : pool::Address::ParseHostname(text);
}

PoolSelector::LoadBalancers ParseLoadBalancers(const v1::LoadBalancerSelector& proto,
                                               FieldViolations& violations) {
  PoolSelector::LoadBalancers load_balancers{.ns = proto.namespace_()};
  if (!proto.label_selector().empty()) {
    load_balancers.labels = Take(kube::LabelSelector::Parse(proto.label_selector()),
                                 "pool_selector.load_balancers.label_selector", violations);
  } else if (proto.namespace_().empty()) {
    violations.Add("pool_selector.load_balancers", "must name a namespace or a label selector");
  }
  return load_balancers;
}

PoolSelector ParsePoolSelector(const v1::PoolSelector& proto, FieldViolations& violations) {
  PoolSelector selector;
  switch (proto.pools_case()) {
    case v1::PoolSelector::kAddress:
      selector.address = Take(ParseAddress(proto.address()), "pool_selector.address", violations);
      break;
    case v1::PoolSelector::kLoadBalancers:
      selector.load_balancers = ParseLoadBalancers(proto.load_balancers(), violations);
      break;
    case v1::PoolSelector::POOLS_NOT_SET:
      break;
  }
  if (const auto strategy = ParseStrategy(proto.strategy()); strategy.has_value()) {
    selector.strategy = *strategy;
  } else {
    violations.Add("pool_selector.strategy", "is not known");
  }
  return selector;
}

/// None if a field is at fault.
std::optional<std::variant<pool::PoolName, PoolSelector>> ParsePoolChoice(
    const v1::ClaimRequest& request, FieldViolations& violations) {
  if (!request.has_pool_selector()) {
    return Take(pool::PoolName::Parse(request.pool()), "pool", violations);
  }
  if (!request.pool().empty()) {
    violations.Add("pool_selector", "must not be set beside pool");
    return std::nullopt;
  }
  return ParsePoolSelector(request.pool_selector(), violations);
}

}  // namespace

absl::StatusOr<ClaimFilter> ParseClaimFilter(const v1::ListClaimsRequest& request) {
  return ParseFilter(request);
}

absl::StatusOr<ClaimFilter> ParseClaimFilter(const v1::WatchClaimsRequest& request) {
  return ParseFilter(request);
}

absl::StatusOr<ClaimRequest> ParseClaimRequest(const v1::ClaimRequest& request) {
  FieldViolations violations;
  auto pool = ParsePoolChoice(request, violations);
  auto owner = Take(Owner::Parse(request.owner()), "owner", violations);
  auto request_id = Take(RequestId::Parse(request.request_id()), "request_id", violations);
  std::vector<PortWish> wishes = ParseWishes(request, violations);
  const std::optional<std::chrono::seconds> ttl = ParseTtl(request, violations);
  std::optional<pool::ExposureRef> exposure = ParseExposure(request, violations);
  Labels labels = ParseLabels(request.labels(), violations);
  const pool::PortSet avoid = ParseAvoided(request, violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return ClaimRequest{.pool = *std::move(pool),
                      .owner = *std::move(owner),
                      .request_id = *std::move(request_id),
                      .wishes = std::move(wishes),
                      .ttl = ttl,
                      .exposure = std::move(exposure),
                      .labels = std::move(labels),
                      .avoid = avoid};
}

absl::StatusOr<ClaimId> ParseClaimId(const std::string& name, const std::string& uid) {
  FieldViolations violations;
  std::optional<ClaimId> id = ReadClaimId(name, uid, violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return *std::move(id);
}

absl::StatusOr<RenewWish> ParseRenewRequest(const v1::RenewClaimRequest& request) {
  FieldViolations violations;
  std::optional<ClaimId> id = ReadClaimId(request.name(), request.uid(), violations);
  const std::optional<std::chrono::seconds> ttl = ParseTtl(request, violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return RenewWish{.claim = *std::move(id), .ttl = ttl};
}

absl::StatusOr<pool::ClaimName> ParseClaimName(const std::string& name) {
  FieldViolations violations;
  auto parsed = Take(pool::ClaimName::Parse(name), "name", violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return *std::move(parsed);
}

absl::StatusOr<pool::PoolName> ParsePoolName(const std::string& field, const std::string& name) {
  FieldViolations violations;
  auto parsed = Take(pool::PoolName::Parse(name), field, violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return *std::move(parsed);
}

v1::Address ToProto(const pool::Address& address) {
  v1::Address proto;
  switch (address.kind()) {
    case pool::Address::Kind::kIpv4:
      proto.set_ip(address.host());
      proto.set_family(v1::Address::FAMILY_IPV4);
      break;
    case pool::Address::Kind::kIpv6:
      proto.set_ip(address.host());
      proto.set_family(v1::Address::FAMILY_IPV6);
      break;
    case pool::Address::Kind::kHostname:
      proto.set_hostname(address.host());
      break;
  }
  return proto;
}

v1::ConfigMapSettings ToProto(const pool::ConfigMapRefs& refs) {
  v1::ConfigMapSettings proto;
  *proto.mutable_tcp_services() = ToProto(refs.tcp_services);
  *proto.mutable_udp_services() = ToProto(refs.udp_services);
  return proto;
}

v1::PortClaim ToProto(const Claim& claim, const std::vector<pool::Address>& addresses) {
  v1::PortClaim proto;
  proto.set_name(claim.name.ToString());
  proto.set_uid(claim.uid);
  proto.set_pool(claim.name.pool().value());
  proto.set_protocol(ToProto(claim.name.protocol()));
  proto.set_port(claim.name.port().number());
  proto.set_state(ToProto(claim.state));
  proto.set_owner(claim.owner.value());
  proto.set_request_id(claim.request_id.value());
  proto.set_entry(claim.entry.value());
  if (claim.expire_time.has_value()) {
    *proto.mutable_expire_time() = ToProto(*claim.expire_time);
  }
  if (claim.quarantine_end.has_value()) {
    *proto.mutable_quarantine_end_time() = ToProto(*claim.quarantine_end);
  }
  AddAddresses(addresses, *proto.mutable_addresses());
  if (claim.exposure.has_value()) {
    proto.mutable_exposure()->set_namespace_(claim.exposure->ns);
    proto.mutable_exposure()->set_name(claim.exposure->name);
    proto.mutable_exposure()->set_uid(claim.exposure->uid);
    proto.mutable_exposure()->set_generation(claim.exposure->generation);
  }
  proto.set_etag(claim.resource_version);
  proto.mutable_labels()->insert(claim.labels.begin(), claim.labels.end());
  return proto;
}

v1::PortPool ToProto(const pool::PoolState& state, const ClaimedPorts& claimed,
                     const absl::Status& usable) {
  const pool::Pool& pool = state.pool;
  v1::PortPool proto;
  proto.set_name(pool.name.value());
  proto.set_uid(pool.uid);
  proto.set_driver(std::string(pool::ToString(pool.driver)));
  for (const pool::LoadBalancerState& load_balancer : state.load_balancers) {
    v1::LoadBalancer& to = *proto.add_load_balancers();
    to.set_kind(std::string(pool::ToString(load_balancer.ref.kind)));
    to.set_namespace_(load_balancer.ref.name.ns);
    to.set_name(load_balancer.ref.name.name);
    AddAddresses(load_balancer.addresses, *to.mutable_addresses());
  }
  AddAddresses(state.addresses, *proto.mutable_addresses());
  proto.set_first_port(pool.first.number());
  proto.set_last_port(pool.last.number());
  for (const pool::Port port : pool.reserved.Ports()) {
    if (pool.first <= port && port <= pool.last) {
      proto.add_reserved_ports(port.number());
    }
  }
  for (const pool::Protocol protocol : pool::kProtocols) {
    const PortUsage usage = CountUsage(state, claimed, protocol);
    v1::PortUsage& to = *proto.add_usage();
    to.set_protocol(ToProto(protocol));
    to.set_total(usage.total);
    to.set_used(usage.used);
    to.set_quarantined(usage.quarantined);
    to.set_held_by_others(usage.held_by_others);
    to.set_free(usage.free);
  }
  AddQuotas(pool.quotas, proto);
  proto.set_static_ports(pool.static_ports);
  AddAddresses(pool.published_addresses, *proto.mutable_published_addresses());
  proto.mutable_claim_ttl()->set_seconds(pool.claim_ttl.count());
  proto.mutable_quarantine()->set_seconds(pool.quarantine.count());
  proto.set_drift_policy(pool.drift_policy == pool::DriftPolicy::kReport
                             ? v1::PortPool::DRIFT_POLICY_REPORT
                             : v1::PortPool::DRIFT_POLICY_REPAIR);
  if (pool.configmap.has_value()) {
    *proto.mutable_configmap() = ToProto(*pool.configmap);
  }
  if (pool.loadbalancer.has_value()) {
    *proto.mutable_loadbalancer() = ToProto(*pool.loadbalancer);
  }
  proto.set_etag(Etag(pool));
  proto.set_ready(usable.ok());
  proto.set_not_ready_message(std::string(usable.message()));
  return proto;
}

}  // namespace berth::port
