#include "ingress-service/adapters/gateway_api_driver.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "ingress-service/domain/gateway_objects.h"
#include "ingress-service/domain/rule_object_pass.h"

namespace berth::ingress {
namespace {

using pool::Port;
using pool::Protocol;

}  // namespace

// What the rules of one pool ask for. Lives on the stack of Program.
class GatewayApiDriver::Plan : public RuleObjectPlan {
 public:
  Plan(const GatewayApiDriver& driver, const kube::GatewayApi& api, const ProgramRequest& request)
      : driver_(driver), api_(api), request_(request) {}

  // What is served of the kinds that rules have objects of.
  std::vector<RuleObjectKind> kinds() const {
    std::vector<RuleObjectKind> kinds;
    for (const std::optional<kube::Resource>& resource :
         {api_.listener_sets, api_.tcp_routes, api_.udp_routes}) {
      if (resource) {
        kinds.push_back({*resource, driver_.ns_});
      }
    }
    if (api_.reference_grants) {
      kinds.push_back({*api_.reference_grants, ""});
    }
    return kinds;
  }

  absl::StatusOr<std::vector<RuleObjectName>> Names(const Rule& rule) const override {
    ASSIGN_OR_RETURN(const GatewayKinds kinds, KindsFor(rule.name.protocol()));
    RETURN_IF_ERROR(Gateway().status());
    std::vector<RuleObjectName> names = {{kinds.listener_set, NameOf(rule)},
                                         {kinds.route, NameOf(rule)}};
    if (rule.spec.target.ns != driver_.ns_) {
      names.push_back({kinds.reference_grant, GrantOf(rule)});
    }
    return names;
  }

  // The grant first and the listener before its route, so that the controller finds what each
  // refers to.
  absl::StatusOr<std::vector<RuleObject>> Objects(const Rule& rule) const override {
    ASSIGN_OR_RETURN(const GatewayKinds kinds, KindsFor(rule.name.protocol()));
    ASSIGN_OR_RETURN(const GatewayWish wish, WishOf(rule));
    const kube::ObjectName name = NameOf(rule);
    std::vector<RuleObject> objects;
    if (wish.service.ns != driver_.ns_) {
      objects.push_back({kinds.reference_grant,
                         GrantOf(rule),
                         {{"spec", ReferenceGrantSpec(wish, kinds, driver_.ns_)}}});
    }
    objects.push_back({kinds.listener_set, name, {{"spec", ListenerSetSpec(wish, kinds)}}});
    objects.push_back({kinds.route, name, {{"spec", RouteSpec(wish, kinds, name.name)}}});
    return objects;
  }

  absl::Status Judge(const Rule& rule, const std::vector<kube::Json>& stored) const override {
    ASSIGN_OR_RETURN(const GatewayWish wish, WishOf(rule));
    return GatewayVerdict(stored[stored.size() - 2], stored.back(), wish);
  }

  std::string_view evidence() const override { return kGatewayEvidence; }

 private:
  // The kinds that a rule of this protocol is made of, or what is missing of them.
  absl::StatusOr<GatewayKinds> KindsFor(Protocol protocol) const {
    const std::optional<kube::Resource>& route =
        protocol == Protocol::kTcp ? api_.tcp_routes : api_.udp_routes;
    const auto missing = [](std::string_view kind) {
      return Error(absl::StatusCode::kUnimplemented, Reason::ERROR_REASON_DRIVER_NOT_SUPPORTED,
                   fmt::format("this API server serves no {} of the Gateway API; install its "
                               "definitions, from v1.5 on",
                               kind));
    };
    if (!api_.listener_sets) {
      return missing(kube::kListenerSets.kind);
    }
    if (!route) {
      return missing(protocol == Protocol::kTcp ? kube::kTcpRoutes.kind : kube::kUdpRoutes.kind);
    }
    if (!api_.reference_grants) {
      return missing(kube::kReferenceGrants.kind);
    }
    return GatewayKinds{*api_.listener_sets, *route, *api_.reference_grants};
  }

  absl::StatusOr<kube::ObjectName> Gateway() const {
    const pool::Pool* pool = FindPool(request_);
    if (pool != nullptr) {
      for (const pool::LoadBalancerRef& ref : pool->load_balancers) {
        if (ref.kind == pool::LoadBalancerKind::kGateway) {
          return ref.name;
        }
      }
    }
    return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_NOT_READY,
                 fmt::format("pool '{}' names no Gateway", request_.pool));
  }

  kube::ObjectName NameOf(const Rule& rule) const { return {driver_.ns_, rule.name.ToString()}; }

  // In the target's namespace there may be grants of several Berths.
  kube::ObjectName GrantOf(const Rule& rule) const {
    return {rule.spec.target.ns, fmt::format("berth.{}.{}", driver_.ns_, rule.name.ToString())};
  }

  absl::StatusOr<GatewayWish> WishOf(const Rule& rule) const {
    ASSIGN_OR_RETURN(const kube::ObjectName gateway, Gateway());
    absl::StatusOr<Port> port = driver_.targets_.Resolve(rule.spec.target, rule.name.protocol());
    if (!port.ok()) {
      const Port* number = std::get_if<Port>(&rule.spec.target.port);
      if (number == nullptr) {
        return port.status();
      }
      port = *number;  // the controller waits for the Service by itself
    }
    return GatewayWish{.gateway = gateway,
                       .key = {rule.name.protocol(), rule.name.port()},
                       .service = {rule.spec.target.ns, rule.spec.target.service},
                       .service_port = *port};
  }

  const GatewayApiDriver& driver_;
  const kube::GatewayApi& api_;
  const ProgramRequest& request_;
};

GatewayApiDriver::GatewayApiDriver(RuleObjects& objects, RuleStore& rules, const Targets& targets,
                                   Discover discover, std::string ns)
    : objects_(objects),
      writer_(objects, rules, ns),
      targets_(targets),
      discover_(std::move(discover)),
      ns_(std::move(ns)),
      capabilities_({.options = {{Protocol::kTcp, {}}, {Protocol::kUdp, {}}}}) {}

absl::StatusOr<ProgramResult> GatewayApiDriver::Program(const ProgramRequest& request) {
  ASSIGN_OR_RETURN(const kube::GatewayApi api, discover_());
  const Plan plan(*this, api, request);
  return RuleObjectPass(objects_, writer_, ns_, request, plan.kinds(), plan).Program();
}

absl::StatusOr<std::vector<ObjectDrift>> GatewayApiDriver::FindDrift(
    const ProgramRequest& request) {
  ASSIGN_OR_RETURN(const kube::GatewayApi api, discover_());
  const Plan plan(*this, api, request);
  return RuleObjectPass(objects_, writer_, ns_, request, plan.kinds(), plan).FindDrift();
}

absl::StatusOr<std::vector<ForeignEntry>> GatewayApiDriver::FindForeign(
    const ProgramRequest& /*request*/) {
  return SharesWithNobody(*this);
}

}  // namespace berth::ingress
