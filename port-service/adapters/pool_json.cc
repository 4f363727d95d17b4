#include "port-service/adapters/pool_json.h"

#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "port-service/adapters/pool_status.h"

namespace berth::port {
namespace {

using kube::Json;

Json ToJson(const kube::ObjectName& name) { return {{"namespace", name.ns}, {"name", name.name}}; }

Json ToJson(const pool::LoadBalancerSettings& settings) {
  return {{"implementation", pool::ToString(settings.implementation)},
          {"sharingKey", settings.sharing_key.empty() ? Json(nullptr) : Json(settings.sharing_key)},
          {"externalTrafficPolicy", pool::ToString(settings.traffic_policy)}};
}

/// An empty list is left out of the object.
Json ListOrNull(Json list) {
  if (list.empty()) {
    return nullptr;
  }
  return list;
}

Json LoadBalancers(const std::vector<pool::LoadBalancerRef>& refs) {
  Json list = Json::array();
  for (const pool::LoadBalancerRef& ref : refs) {
    Json entry = ToJson(ref.name);
    entry["kind"] = pool::ToString(ref.kind);
    list.push_back(std::move(entry));
  }
  return list;
}

Json Ports(const pool::PortSet& ports) {
  Json list = Json::array();
  for (const pool::Port port : ports.Ports()) {
    list.push_back(port.number());
  }
  return ListOrNull(std::move(list));
}

Json Addresses(const std::vector<pool::Address>& addresses) {
  Json list = Json::array();
  for (const pool::Address& address : addresses) {
    list.push_back(address.ToJson());
  }
  return ListOrNull(std::move(list));
}

Json Quotas(const pool::Quotas& quotas) {
  if (quotas == pool::Quotas()) {
    return nullptr;
  }
  Json namespaces = Json::array();
  for (const auto& [ns, ports] : quotas.by_namespace) {
    namespaces.push_back({{"namespace", ns}, {"ports", ports}});
  }
  return {{"portsPerNamespace",
           quotas.per_namespace.has_value() ? Json(*quotas.per_namespace) : Json(nullptr)},
          {"namespaces", ListOrNull(std::move(namespaces))}};
}

/// As a merge patch: what is null is not to be in the object.
Json SpecPatch(const PoolSpec& spec) {
  Json patch = {
      {"driver", pool::ToString(spec.driver)},
      {"loadBalancers", LoadBalancers(spec.load_balancers)},
      {"portRange", {{"first", spec.first.number()}, {"last", spec.last.number()}}},
      {"reservedPorts", Ports(spec.reserved)},
      {"staticPorts", spec.static_ports.has_value() ? Json(*spec.static_ports) : Json(nullptr)},
      {"quotas", Quotas(spec.quotas)},
      {"publishedAddresses", Addresses(spec.published_addresses)},
      {"claimTtlSeconds", spec.claim_ttl.count()},
      {"quarantineSeconds", spec.quarantine.count()},
      {"driftPolicy", pool::ToString(spec.drift_policy)}};
  if (spec.configmap.has_value()) {
    patch["configmap"] = {{"tcpServices", ToJson(spec.configmap->tcp_services)},
                          {"udpServices", ToJson(spec.configmap->udp_services)}};
  }
  if (spec.loadbalancer.has_value()) {
    patch["loadbalancer"] = ToJson(*spec.loadbalancer);
  }
  return patch;
}

}  // namespace

Json NewPoolObject(const PoolSpec& spec, const std::string& ns) {
  Json object = kube::NewObject(kube::kPortPools, {ns, spec.name.value()});
  kube::AddFinalizer(object, kPoolFinalizer);
  SetPoolSpec(object, spec);
  return object;
}

bool SetPoolSpec(Json& object, const PoolSpec& spec) {
  const Json before = object["spec"];
  object["spec"].merge_patch(SpecPatch(spec));
  return object["spec"] != before;
}

}  // namespace berth::port
