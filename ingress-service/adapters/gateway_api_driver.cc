#include "ingress-service/adapters/gateway_api_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "ingress-service/domain/gateway_objects.h"

namespace berth::ingress {
namespace {

using kube::Json;
using pool::Port;
using pool::Protocol;
using RulePtr = std::shared_ptr<const Rule>;

// What time may cure; anything else is the answer to the rule.
bool PassesBy(const absl::Status& status) {
  const Reason reason = ReasonOf(status);
  return reason != Reason::ERROR_REASON_NOT_PROGRAMMED &&
         (absl::IsUnavailable(status) || absl::IsAborted(status) ||
          absl::IsDeadlineExceeded(status) || absl::IsCancelled(status));
}

// What an error of the API server means for the rule.
absl::Status Refused(const RuleObject& object, const absl::Status& error) {
  const Reason reason = ReasonOf(error);
  if (reason == Reason::ERROR_REASON_NAMESPACE_NOT_FOUND) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_NOT_FOUND,
                 fmt::format("namespace {} is gone or going", object.name.ns));
  }
  if (reason == Reason::ERROR_REASON_NOT_PROGRAMMED || reason == Reason::ERROR_REASON_PORT_TAKEN) {
    return error;
  }
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CONTROLLER_REFUSED,
               fmt::format("{} {} was refused: {}", object.resource.kind, object.name.ToString(),
                           std::string(error.message())));
}

}  // namespace

// The objects of one pool's rules. Lives on the stack of Program.
class GatewayApiDriver::Pass {
 public:
  Pass(GatewayApiDriver& driver, const kube::GatewayApi& api, const ProgramRequest& request)
      : driver_(driver), api_(api), request_(request) {
    for (const auto& pool : request.pools) {
      if (pool->name.value() == request.pool) {
        pool_ = pool.get();
      }
    }
    for (const std::optional<kube::Resource>& resource :
         {api.listener_sets, api.tcp_routes, api.udp_routes}) {
      if (resource) {
        kinds_.push_back({*resource, driver.ns_});
      }
    }
    if (api.reference_grants) {
      kinds_.push_back({*api.reference_grants, ""});
    }
  }

  absl::StatusOr<ProgramResult> Run() {
    if (pool_ != nullptr) {
      RETURN_IF_ERROR(driver_.objects_.Follow(kinds_));
      ReadCached();
    }
    ProgramResult result;
    std::vector<const Rule*> removing;
    for (const RulePtr& rule : request_.rules.rules) {
      if (rule->name.pool().value() != request_.pool) {
        continue;
      }
      seen_.emplace(rule->name, rule.get());
      if (rule->removing && rule->HasFinalizer()) {
        removing.push_back(rule.get());
      }
    }
    ASSIGN_OR_RETURN(result.removed, driver_.writer_.Remove(removing, kinds_));
    if (pool_ == nullptr) {
      return result;
    }
    for (const auto& [name, rule] : seen_) {
      if (rule->IsLive()) {
        ASSIGN_OR_RETURN(RuleProgress progress, Keep(*rule));
        result.live.emplace(name.ToString(), std::move(progress));
      }
    }
    result.drift = std::move(drift_);
    RETURN_IF_ERROR(Sweep());
    return result;
  }

  absl::StatusOr<std::vector<ObjectDrift>> FindDrift() {
    const std::optional<kube::ObjectName> gateway = pool_ == nullptr ? std::nullopt : Gateway();
    if (!gateway) {
      return std::vector<ObjectDrift>();
    }
    RETURN_IF_ERROR(driver_.objects_.Follow(kinds_));
    ReadCached();
    for (const RulePtr& rule : request_.rules.rules) {
      if (rule->name.pool().value() != request_.pool || !rule->IsLive()) {
        continue;
      }
      const absl::StatusOr<GatewayKinds> kinds = KindsFor(rule->name.protocol());
      const absl::StatusOr<GatewayWish> wish = WishOf(*rule, *gateway);
      if (!kinds.ok() || !wish.ok()) {
        continue;
      }
      for (const RuleObject& object : ObjectsOf(*rule, *kinds, *wish)) {
        RETURN_IF_ERROR(Look(*rule, object).status());
      }
    }
    return std::move(drift_);
  }

 private:
  using Key = std::pair<std::string_view, kube::ObjectName>;

  static Key CacheKey(const kube::Resource& resource, const kube::ObjectName& name) {
    return {resource.plural, name};
  }

  void ReadCached() {
    for (const RuleObjectKind& kind : kinds_) {
      for (RuleObjects::Object& object : driver_.objects_.Cached(kind)) {
        const Key key = CacheKey(kind.resource, kube::NameOf(*object));
        cached_.emplace(key, std::move(object));
      }
    }
  }

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

  std::optional<kube::ObjectName> Gateway() const {
    for (const pool::LoadBalancerRef& ref : pool_->load_balancers) {
      if (ref.kind == pool::LoadBalancerKind::kGateway) {
        return ref.name;
      }
    }
    return std::nullopt;
  }

  kube::ObjectName NameOf(const Rule& rule) const { return {driver_.ns_, rule.name.ToString()}; }

  // In the target's namespace there may be grants of several Berths.
  kube::ObjectName GrantOf(const Rule& rule) const {
    return {rule.spec.target.ns, fmt::format("berth.{}.{}", driver_.ns_, rule.name.ToString())};
  }

  // One error of the API server that time may cure ends the pass; what the rule has to answer for
  // is its progress.
  absl::StatusOr<RuleProgress> Keep(const Rule& rule) {
    const absl::StatusOr<GatewayKinds> kinds = KindsFor(rule.name.protocol());
    const std::optional<kube::ObjectName> gateway = Gateway();
    if (!kinds.ok()) {
      untouched_.insert(rule.name);
      return RuleProgress{.status = kinds.status()};
    }
    if (!gateway) {
      untouched_.insert(rule.name);
      return RuleProgress{
          .status =
              Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_NOT_READY,
                    fmt::format("pool '{}' names no Gateway", pool_->name.value()))};
    }
    // Whatever comes of it: nothing of the rule is left over.
    wanted_.insert(CacheKey(kinds->listener_set, NameOf(rule)));
    wanted_.insert(CacheKey(kinds->route, NameOf(rule)));
    if (rule.spec.target.ns != driver_.ns_) {
      wanted_.insert(CacheKey(kinds->reference_grant, GrantOf(rule)));
    }
    const absl::StatusOr<GatewayWish> wish = WishOf(rule, *gateway);
    if (!wish.ok()) {
      return RuleProgress{.status = wish.status()};
    }
    return Write(rule, *kinds, *wish);
  }

  absl::StatusOr<GatewayWish> WishOf(const Rule& rule, const kube::ObjectName& gateway) const {
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

  // The grant first and the listener before its route, so that the controller finds what each
  // refers to.
  std::vector<RuleObject> ObjectsOf(const Rule& rule, const GatewayKinds& kinds,
                                    const GatewayWish& wish) const {
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

  absl::StatusOr<RuleProgress> Write(const Rule& rule, const GatewayKinds& kinds,
                                     const GatewayWish& wish) {
    RuleProgress progress{.evidence = std::string(kGatewayEvidence)};
    std::vector<Json> stored;
    for (const RuleObject& object : ObjectsOf(rule, kinds, wish)) {
      ASSIGN_OR_RETURN(const RuleObjects::Object seen, Look(rule, object));
      absl::StatusOr<Json> left = driver_.writer_.Ensure(rule, object, seen);
      if (!left.ok()) {
        if (PassesBy(left.status())) {
          return left.status();
        }
        progress.status = Refused(object, left.status());
        return progress;
      }
      progress.written.emplace(KeyOf(object), Fingerprint(object.content));
      stored.push_back(*std::move(left));
    }
    progress.status = GatewayVerdict(stored[stored.size() - 2], stored.back(), wish);
    return progress;
  }

  // An object as it is before this pass writes it; null if there is none. If it was as it should be
  // and is not any more, others changed it.
  absl::StatusOr<RuleObjects::Object> Look(const Rule& rule, const RuleObject& object) {
    const RuleObjects::Object cached = Cached(object);
    const auto written = rule.status.written.find(KeyOf(object));
    if ((cached != nullptr && Covers(*cached, object.content)) ||
        written == rule.status.written.end() || written->second != Fingerprint(object.content)) {
      return cached;
    }
    // The watch of the rules may be ahead of that of the objects.
    ASSIGN_OR_RETURN(std::optional<Json> stored,
                     driver_.objects_.Get(object.resource, object.name));
    if (!stored || !Covers(*stored, object.content)) {
      const auto spec = [](const Json& of) { return kube::At(of, {"spec"}).dump(); };
      drift_.push_back({.object = KeyOf(object),
                        .drift = {.key = {rule.name.protocol(), rule.name.port()},
                                  .rule = rule.name.ToString(),
                                  .wanted = spec(object.content),
                                  .found = stored ? std::optional(spec(*stored)) : std::nullopt}});
    }
    return stored ? std::make_shared<const Json>(*std::move(stored)) : nullptr;
  }

  RuleObjects::Object Cached(const RuleObject& object) const {
    const auto found = cached_.find(CacheKey(object.resource, object.name));
    return found == cached_.end() ? nullptr : found->second;
  }

  // What rules have left behind: a grant for a former target, an object that a replica wrote late.
  absl::Status Sweep() {
    for (const RuleObjectKind& kind : kinds_) {
      for (const auto& [key, object] : cached_) {
        const auto name = key.first == kind.resource.plural && !wanted_.contains(key)
                              ? RuleOf(*object, driver_.ns_)
                              : std::nullopt;
        if (!name || name->pool().value() != request_.pool) {
          continue;
        }
        const auto rule = seen_.find(*name);
        const bool is_being_removed = rule != seen_.end() && rule->second->removing;
        if (!is_being_removed && !untouched_.contains(*name)) {
          RETURN_IF_ERROR(driver_.writer_.Sweep(kind.resource, *object,
                                                rule == seen_.end() ? nullptr : rule->second));
        }
      }
    }
    return absl::OkStatus();
  }

  GatewayApiDriver& driver_;
  const kube::GatewayApi& api_;
  const ProgramRequest& request_;
  /// Null if it is not known.
  const pool::Pool* pool_ = nullptr;
  /// What is served of the kinds that rules have objects of.
  std::vector<RuleObjectKind> kinds_;
  /// The pool's rules.
  std::map<pool::ClaimName, const Rule*> seen_;
  /// By resource and name.
  std::map<Key, RuleObjects::Object> cached_;
  std::set<Key> wanted_;
  /// Rules of which it cannot be said now what they want.
  std::set<pool::ClaimName> untouched_;
  /// What others had changed.
  std::vector<ObjectDrift> drift_;
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
  return Pass(*this, api, request).Run();
}

absl::StatusOr<std::vector<ObjectDrift>> GatewayApiDriver::FindDrift(
    const ProgramRequest& request) {
  ASSIGN_OR_RETURN(const kube::GatewayApi api, discover_());
  return Pass(*this, api, request).FindDrift();
}

absl::StatusOr<std::vector<ForeignEntry>> GatewayApiDriver::FindForeign(
    const ProgramRequest& /*request*/) {
  return SharesWithNobody(*this);
}

}  // namespace berth::ingress
