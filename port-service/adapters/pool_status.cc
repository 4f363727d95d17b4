#include "port-service/adapters/pool_status.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/kube/object.h"
#include "common/status/status.h"

namespace berth::port {
namespace {

using kube::Json;

Json LoadBalancerEntry(const pool::LoadBalancerRef& ref) {
  return {{"kind", pool::ToString(ref.kind)}, {"namespace", ref.name.ns}, {"name", ref.name.name}};
}

/// The entry of the stored status for this load balancer, with whatever else it says.
Json StoredEntry(const Json& object, const pool::LoadBalancerRef& ref) {
  const Json wanted = LoadBalancerEntry(ref);
  for (const Json& entry : kube::At(object, {"status", "loadBalancers"})) {
    const auto matches = [&](const char* field) {
      return kube::StringAt(entry, {field}) == kube::StringAt(wanted, {field});
    };
    if (matches("kind") && matches("namespace") && matches("name")) {
      return entry;
    }
  }
  return wanted;
}

Json LoadBalancers(const Json& object, const pool::PoolState& state,
                   const std::vector<pool::LoadBalancerRef>& former) {
  Json entries = Json::array();
  for (const pool::LoadBalancerState& load_balancer : state.load_balancers) {
    Json entry = LoadBalancerEntry(load_balancer.ref);
    if (!load_balancer.uid.empty()) {
      entry["uid"] = load_balancer.uid;
    }
    entries.push_back(std::move(entry));
  }
  for (const pool::LoadBalancerRef& ref : former) {
    entries.push_back(StoredEntry(object, ref));
  }
  return entries;
}

kube::Condition ReadyCondition(const Json& object, const absl::Status& usable) {
  kube::Condition condition{.type = "Ready",
                            .status = kube::ConditionStatus::kTrue,
                            .reason = "LoadBalancerReady",
                            .message = "Ports can be claimed.",
                            .observed_generation = kube::Generation(object)};
  if (!usable.ok()) {
    condition.status = kube::ConditionStatus::kFalse;
    condition.reason = ConditionReason(ReasonOf(usable));
    condition.message = std::string(usable.message()).substr(0, 4096);
  }
  return condition;
}

}  // namespace

std::vector<pool::LoadBalancerRef> FormerLoadBalancers(const Json& object, const pool::Pool& pool) {
  std::vector<pool::LoadBalancerRef> former;
  for (const Json& entry : kube::At(object, {"status", "loadBalancers"})) {
    const std::string kind = kube::StringAt(entry, {"kind"});
    const bool is_gateway = kind == pool::ToString(pool::LoadBalancerKind::kGateway);
    if (!is_gateway && kind != pool::ToString(pool::LoadBalancerKind::kService)) {
      continue;
    }
    const pool::LoadBalancerRef ref{
        .kind = is_gateway ? pool::LoadBalancerKind::kGateway : pool::LoadBalancerKind::kService,
        .name = {kube::StringAt(entry, {"namespace"}), kube::StringAt(entry, {"name"})}};
    if (std::find(pool.load_balancers.begin(), pool.load_balancers.end(), ref) ==
        pool.load_balancers.end()) {
      former.push_back(ref);
    }
  }
  return former;
}

bool SetPoolStatus(Json& object, const absl::StatusOr<pool::PoolState>& state,
                   const std::vector<pool::LoadBalancerRef>& former, kube::Time now) {
  const Json before = object.value("status", Json::object());
  Json& status = object["status"];
  if (!status.is_object()) {
    status = Json::object();
  }
  if (state.ok()) {
    Json addresses = Json::array();
    for (const pool::Address& address : state->addresses) {
      addresses.push_back(address.ToJson());
    }
    status["addresses"] = std::move(addresses);
    status["loadBalancers"] = LoadBalancers(object, *state, former);
  }
  status["observedGeneration"] = kube::Generation(object);
  kube::SetCondition(object, ReadyCondition(object, state.ok() ? state->usable : state.status()),
                     now);
  return object["status"] != before;
}

}  // namespace berth::port
