#include "port-service/adapters/pool_loop.h"

#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/pool/gateway_watcher.h"
#include "common/pool/owned_ports.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/adapters/pool_status.h"
#include "port-service/domain/port_usage.h"

namespace berth::port {
namespace {

using kube::Json;
using std::chrono::milliseconds;

constexpr char kPass[] = "pass";
/// How often all pools are looked at when nothing is seen to change.
constexpr milliseconds kInterval = std::chrono::seconds(10);
/// Changes come in bursts; one pass after this time serves them all.
constexpr milliseconds kSettleTime = std::chrono::milliseconds(100);

/// What another replica did at the same time is seen at the next look.
absl::Status IgnoreConflict(const absl::Status& status) {
  return kube::IsConflict(status) || kube::IsNotFound(status) ? absl::OkStatus() : status;
}

}  // namespace

PoolLoop::PoolLoop(kube::Client& client, kube::RestMapper& mapper, std::string ns,
                   const pool::PoolWatcher& pools, ClaimCache& claims, metrics::Registry& metrics)
    : client_(client),
      mapper_(mapper),
      ns_(std::move(ns)),
      pools_(pools),
      claims_(claims),
      metrics_(metrics),
      queue_({.name = "pools",
              .max_backoff = std::chrono::seconds(10),
              .on_error =
                  [](const std::string&, const absl::Status& error) {
                    log::Warning("pools could not be looked after", {{"error", Describe(error)}});
                  }},
             [this](const std::string&, const std::stop_token&) { return Pass(); }) {}

void PoolLoop::Start() {
  queue_.Add(kPass);
  queue_.Start();
}

void PoolLoop::PoolsChanged() { queue_.AddAfter(kPass, kSettleTime); }

kube::WorkQueue::Outcome PoolLoop::Pass() {
  ASSIGN_OR_RETURN(const kube::ObjectList list, client_.List(kube::kPortPools, ns_));
  absl::Status problem;
  for (const Json& object : list.items) {
    problem.Update(kube::IsBeingDeleted(object) ? VisitDeleting(object) : Visit(object));
  }
  Measure();
  RETURN_IF_ERROR(problem);
  return kInterval;
}

absl::Status PoolLoop::Visit(Json object) {
  if (kube::AddFinalizer(object, kPoolFinalizer)) {
    absl::StatusOr<Json> updated = client_.Update(kube::kPortPools, object);
    if (!updated.ok()) {
      return IgnoreConflict(updated.status());
    }
    object = *std::move(updated);
  }
  const absl::StatusOr<pool::PoolName> name = pool::PoolName::Parse(kube::Name(object));
  if (!name.ok()) {
    return absl::OkStatus();  // made before the schema refused such names
  }
  const absl::StatusOr<pool::PoolWatcher::State> seen = pools_.Find(*name);
  if (!seen.ok()) {
    // An object that cannot be used says so; one that the watch has yet to show calls again.
    return ReasonOf(seen.status()) == Reason::ERROR_REASON_POOL_NOT_READY
               ? WriteStatus(std::move(object), seen.status(), {})
               : absl::OkStatus();
  }
  const pool::PoolState& state = **seen;
  if (state.pool.uid != kube::Uid(object) || state.pool.generation != kube::Generation(object)) {
    return absl::OkStatus();  // the watch is behind; it calls again
  }
  ASSIGN_OR_RETURN(const std::vector<pool::LoadBalancerRef> former,
                   FormerInUse(object, state.pool));
  return WriteStatus(std::move(object), state, former);
}

absl::Status PoolLoop::WriteStatus(Json object, const absl::StatusOr<pool::PoolState>& state,
                                   const std::vector<pool::LoadBalancerRef>& former) {
  ASSIGN_OR_RETURN(const kube::Time now, client_.ServerTime());
  if (!SetPoolStatus(object, state, former, now)) {
    return absl::OkStatus();
  }
  return IgnoreConflict(client_.UpdateStatus(kube::kPortPools, object).status());
}

absl::Status PoolLoop::VisitDeleting(Json object) {
  if (!kube::HasFinalizer(object, kPoolFinalizer)) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const bool in_use, InUse(kube::Uid(object)));
  if (in_use) {
    return absl::OkStatus();
  }
  kube::RemoveFinalizer(object, kPoolFinalizer);
  return IgnoreConflict(client_.Update(kube::kPortPools, object).status());
}

absl::StatusOr<bool> PoolLoop::InUse(const std::string& pool_uid) {
  for (const kube::Resource& resource : {kube::kPortClaims, kube::kPortRules}) {
    ASSIGN_OR_RETURN(const kube::ObjectList list, client_.List(resource, ns_));
    for (const Json& item : list.items) {
      if (kube::StringAt(item, {"spec", "poolRef", "uid"}) == pool_uid) {
        return true;
      }
    }
  }
  return false;
}

/// Of the load balancers that were taken out of the spec those from which rules have yet to be
/// withdrawn.
absl::StatusOr<std::vector<pool::LoadBalancerRef>> PoolLoop::FormerInUse(const Json& object,
                                                                         const pool::Pool& pool) {
  std::vector<pool::LoadBalancerRef> in_use;
  for (const pool::LoadBalancerRef& ref : FormerLoadBalancers(object, pool)) {
    ASSIGN_OR_RETURN(const bool carries_rules, CarriesRules(ref));
    if (carries_rules) {
      in_use.push_back(ref);
    }
  }
  return in_use;
}

absl::StatusOr<bool> PoolLoop::CarriesRules(const pool::LoadBalancerRef& ref) {
  kube::Json object;
  switch (ref.kind) {
    case pool::LoadBalancerKind::kService: {
      absl::StatusOr<Json> service = client_.Get(kube::kServices, ref.name);
      if (kube::IsNotFound(service.status())) {
        return false;
      }
      RETURN_IF_ERROR(service.status());
      object = *std::move(service);
      break;
    }
    case pool::LoadBalancerKind::kGateway: {
      ASSIGN_OR_RETURN(const pool::SeenGateway gateway,
                       pool::ReadGateway(client_, mapper_, ns_, ref.name));
      if (gateway.listener_sets != nullptr && !gateway.listener_sets->own.empty()) {
        return true;
      }
      if (gateway.object == nullptr) {
        return false;
      }
      object = *gateway.object;
      break;
    }
  }
  const absl::StatusOr<pool::PortsByProtocol> owned = pool::OwnedPorts(object);
  return !owned.ok() || !owned->empty();
}

void PoolLoop::Measure() {
  for (const pool::PoolWatcher::State& pool : pools_.List()) {
    const ClaimedPorts claimed = claims_.PortsOf(pool->pool.name);
    for (const pool::Protocol protocol : pool::kProtocols) {
      const PortUsage usage = CountUsage(*pool, claimed, protocol);
      const auto set = [&](const char* use, int count) {
        metrics_
            .Gauge("pool_ports", "Ports of a pool's range by their use.",
                   {{"pool", pool->pool.name.value()},
                    {"protocol", std::string(pool::ToString(protocol))},
                    {"use", use}})
            .Set(count);
      };
      set("used", usage.used);
      set("quarantined", usage.quarantined);
      set("held_by_others", usage.held_by_others);
      set("free", usage.free);
    }
  }
}

}  // namespace berth::port
