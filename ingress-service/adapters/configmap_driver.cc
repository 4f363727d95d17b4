#include "ingress-service/adapters/configmap_driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "ingress-service/domain/config_map_entry.h"
#include "ingress-service/domain/config_map_merge.h"
#include "ingress-service/domain/service_merge.h"

namespace berth::ingress {
namespace {

using pool::Port;
using pool::Protocol;
using RulePtr = std::shared_ptr<const Rule>;

Capabilities IngressNginx() {
  return {
      .options = {{Protocol::kTcp,
                   {RuleOption::kDecodeProxyProtocol, RuleOption::kEncodeProxyProtocol}},
                  {Protocol::kUdp, {}}},
      // HTTP, HTTPS and its proxy, health, metrics and profiling, the webhook, the default server:
      // the controller skips entries for them with no more than a line in its log.
      .reserved = {Port::Of<80>(), Port::Of<443>(), Port::Of<442>(), Port::Of<8181>(),
                   Port::Of<8443>(), Port::Of<10245>(), Port::Of<10246>(), Port::Of<10247>(),
                   Port::Of<10254>()},
      // The controller tells nobody what it has loaded.
      .needs_probe = true,
  };
}

// Of several rules for one place the older one has it.
bool ComesFirst(const RulePtr& a, const RulePtr& b) {
  return std::tie(a->created, a->name, a->uid) < std::tie(b->created, b->name, b->uid);
}

// What time may cure; anything else is the load balancer's answer to the rule.
bool PassesBy(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsAborted(status) ||
         absl::IsDeadlineExceeded(status) || absl::IsCancelled(status);
}

absl::Status Refused(const SharedRef& ref, const absl::Status& error) {
  const std::string text(error.message().data(), error.message().size());
  if (ref.kind == SharedKind::kService && text.find("nodePort") != std::string::npos) {
    return Error(absl::StatusCode::kResourceExhausted, Reason::ERROR_REASON_NODE_PORTS_EXHAUSTED,
                 fmt::format("{} could not be given the port: {}; set "
                             "allocateLoadBalancerNodePorts: false, or widen the range",
                             ref.ToString(), text));
  }
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CONTROLLER_REFUSED,
               fmt::format("{} was refused: {}", ref.ToString(), text));
}

// The failure that the load balancer reports for a port, if any.
std::optional<std::string> PortError(const kube::Json& service, const PortKey& key) {
  for (const kube::Json& ingress : kube::At(service, {"status", "loadBalancer", "ingress"})) {
    for (const kube::Json& port : kube::At(ingress, {"ports"})) {
      const std::string error = kube::StringAt(port, {"error"});
      if (!error.empty() && kube::IntAt(port, {"port"}) == key.port.number() &&
          kube::StringAt(port, {"protocol"}) == pool::ToString(key.protocol)) {
        return error;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

// One group of writes for one pool. Lives on the stack of Program.
class ConfigMapDriver::Pass {
 public:
  Pass(SharedWriter& writer, const Targets& targets, const ProgramRequest& request)
      : writer_(writer), targets_(targets), request_(request) {
    for (const auto& pool : request.pools) {
      if (pool->name.value() == request.pool) {
        pool_ = pool.get();
      }
    }
  }

  absl::StatusOr<std::vector<ObjectDrift>> FindDrift() {
    FindObjects();
    std::vector<ObjectDrift> found;
    for (const auto& [ref, object] : objects_) {
      ASSIGN_OR_RETURN(const SharedWritten written,
                       writer_.Preview(WriteOf(ref, MergeScope::kAll)));
      for (const Drift& drift : written.merged.drift) {
        found.push_back({.object = ref.ToString(), .drift = drift});
      }
      for (const auto& [key, value] : written.merged.unasked) {
        if (!IsAboutToGo(key)) {
          found.push_back({.object = ref.ToString(), .drift = {.key = key, .found = value}});
        }
      }
    }
    return found;
  }

  absl::StatusOr<std::vector<ForeignEntry>> FindForeign() {
    FindObjects();
    std::map<PortKey, ForeignEntry> found;
    std::map<PortKey, std::map<std::string, std::string>> ports;
    for (const auto& [ref, object] : objects_) {
      SharedWrite look = WriteOf(ref, MergeScope::kAll);
      look.merge = [&, ref = ref, protocol = object.protocol](const kube::Json& read,
                                                              const RuleSnapshot& rules) {
        const EntryWishes wishes = WishesFor(ref, rules);
        if (ref.kind == SharedKind::kService) {
          for (const auto& [key, value] : ForeignPorts(read, wishes)) {
            ports[key].emplace(ref.ToString(), value);
          }
          return Merged{};
        }
        for (const auto& [key, value] : ForeignEntries(read, protocol, wishes)) {
          if (const std::optional<ConfigMapEntry> entry = ParseConfigMapEntry(value)) {
            found.emplace(key, ForeignEntry{.key = key,
                                            .target = entry->target,
                                            .options = entry->options,
                                            .written = {{ref.ToString(), value}}});
          }
        }
        return Merged{};
      };
      RETURN_IF_ERROR(writer_.Preview(look).status());
    }
    std::vector<ForeignEntry> entries;
    for (auto& [key, entry] : found) {
      entry.written.merge(ports[key]);
      entries.push_back(std::move(entry));
    }
    return entries;
  }

  absl::StatusOr<ProgramResult> Run() {
    FindObjects();
    for (const auto& [ref, object] : objects_) {
      if (ref.kind == SharedKind::kService) {
        RETURN_IF_ERROR(Write(ref, MergeScope::kRemove));
      }
    }
    for (const auto& [ref, object] : objects_) {
      if (ref.kind == SharedKind::kConfigMap) {
        RETURN_IF_ERROR(Write(ref, MergeScope::kAll));
      }
    }
    for (const auto& [ref, object] : objects_) {
      if (ref.kind == SharedKind::kService) {
        RETURN_IF_ERROR(Write(ref, MergeScope::kAll));
      }
    }
    return Conclude();
  }

 private:
  // A shared object of this pass.
  struct Object {
    /// Which entries a ConfigMap holds.
    Protocol protocol = Protocol::kTcp;
    /// The highest revision of a removal that concerns it.
    std::uint64_t removals = 0;
    /// Whether a live rule of the pool belongs there.
    bool wanted = false;
    /// How it was left; none while it is not known.
    std::optional<SharedWritten> left;
    /// Why the last write did not go through.
    absl::Status error;
  };

  // The objects that a rule of `pool` is written to.
  static std::vector<SharedRef> PlacesOf(const pool::Pool& pool, Protocol protocol) {
    std::vector<SharedRef> places;
    if (pool.configmap) {
      places.push_back({SharedKind::kConfigMap, pool.configmap->Of(protocol)});
    }
    const auto service =
        std::find_if(pool.load_balancers.begin(), pool.load_balancers.end(),
                     [](const auto& ref) { return ref.kind == pool::LoadBalancerKind::kService; });
    if (service != pool.load_balancers.end()) {
      places.push_back({SharedKind::kService, service->name});
    }
    return places;
  }

  // Those and the ones that it was written to earlier.
  std::vector<SharedRef> TracesOf(const Rule& rule) const {
    std::vector<SharedRef> traces;
    if (pool_ != nullptr) {
      traces = PlacesOf(*pool_, rule.name.protocol());
    }
    for (const auto& [text, value] : rule.status.written) {
      const std::optional<SharedRef> ref = SharedRef::Parse(text);
      if (ref && std::find(traces.begin(), traces.end(), *ref) == traces.end()) {
        traces.push_back(*ref);
      }
    }
    return traces;
  }

  void FindObjects() {
    if (pool_ != nullptr) {
      for (const Protocol protocol : pool::kProtocols) {
        for (const SharedRef& ref : PlacesOf(*pool_, protocol)) {
          objects_[ref].protocol = protocol;
        }
      }
      for (const pool::LoadBalancerRef& ref : pool_->load_balancers) {
        if (ref.kind == pool::LoadBalancerKind::kService) {
          objects_[{SharedKind::kService, ref.name}];
        }
      }
    }
    for (const RulePtr& rule : request_.rules.rules) {
      if (rule->name.pool().value() != request_.pool) {
        continue;
      }
      for (const SharedRef& ref : TracesOf(*rule)) {
        Object& object = objects_[ref];
        if (ref.kind == SharedKind::kConfigMap) {
          object.protocol = rule->name.protocol();
        }
        if (rule->removing && rule->HasFinalizer()) {
          object.removals = std::max(object.removals, rule->revision);
        }
        object.wanted = object.wanted || rule->IsLive();
      }
    }
  }

  // Whether a rule being removed still has the place: no drift, only a matter of time.
  bool IsAboutToGo(const PortKey& key) const {
    return std::any_of(request_.rules.rules.begin(), request_.rules.rules.end(),
                       [&](const RulePtr& rule) {
                         return rule->name.protocol() == key.protocol &&
                                rule->name.port() == key.port && !rule->IsLive();
                       });
  }

  const pool::Pool* PoolOf(const Rule& rule) const {
    for (const auto& pool : request_.pools) {
      if (pool->name == rule.name.pool()) {
        return pool.get();
      }
    }
    return nullptr;
  }

  // What a rule asks of an object; none if nothing.
  std::optional<Wish> WishOf(const Rule& rule, const SharedRef& ref) {
    const PortKey key{rule.name.protocol(), rule.name.port()};
    Wish keep{.key = key, .rule = rule.name.ToString()};
    const pool::Pool* pool = PoolOf(rule);
    if (pool == nullptr) {
      return keep;
    }
    const std::vector<SharedRef> places = PlacesOf(*pool, key.protocol);
    if (std::find(places.begin(), places.end(), ref) == places.end()) {
      return std::nullopt;
    }
    if (pool != pool_ || rule.IsUndecided()) {
      // Another pool's pass, or another replica, adds and puts right; here it only has to stay.
      return keep;
    }
    if (taken_.contains(keep.rule)) {
      // Half a rule helps nobody: its port is somebody else's on another object.
      return std::nullopt;
    }
    const bool repair = pool->drift_policy == pool::DriftPolicy::kRepair;
    const absl::StatusOr<Port> target_port = targets_.Resolve(rule.spec.target, key.protocol);
    if (target_port.ok()) {
      return Wish{.key = key,
                  .rule = keep.rule,
                  .value = FormatConfigMapEntry(rule.spec.target, rule.spec.options, *target_port),
                  .repair = repair};
    }
    if (const Port* number = std::get_if<Port>(&rule.spec.target.port)) {
      // The controller waits for the Service by itself.
      return Wish{.key = key,
                  .rule = keep.rule,
                  .value = FormatConfigMapEntry(rule.spec.target, rule.spec.options, *number),
                  .repair = repair};
    }
    unresolved_.insert_or_assign(keep.rule, target_port.status());
    return keep;
  }

  EntryWishes WishesFor(const SharedRef& ref, const RuleSnapshot& rules) {
    EntryWishes wishes;
    std::vector<RulePtr> asking;
    for (const RulePtr& rule : rules.rules) {
      const auto written = rule->status.written.find(ref.ToString());
      if (written != rule->status.written.end()) {
        wishes.written.emplace(PortKey{rule->name.protocol(), rule->name.port()}, written->second);
      }
      if (rule->IsLive() || rule->IsUndecided()) {
        asking.push_back(rule);
      }
    }
    std::sort(asking.begin(), asking.end(), ComesFirst);
    for (const RulePtr& rule : asking) {
      if (std::optional<Wish> wish = WishOf(*rule, ref)) {
        wishes.wishes.push_back(*std::move(wish));
      }
    }
    return wishes;
  }

  // What is to be done about an object.
  SharedWrite WriteOf(const SharedRef& ref, MergeScope scope) {
    const Object& object = objects_.at(ref);
    SharedWrite write{.ref = ref, .seen = request_.rules.revision, .removals = object.removals};
    write.merge = [this, ref, scope, protocol = object.protocol](const kube::Json& read,
                                                                 const RuleSnapshot& rules) {
      const EntryWishes wishes = WishesFor(ref, rules);
      return ref.kind == SharedKind::kService ? MergeService(read, wishes, scope)
                                              : MergeConfigMap(read, protocol, wishes, scope);
    };
    if (ref.kind == SharedKind::kConfigMap && (object.wanted || object.removals > 0)) {
      write.if_missing = kube::NewObject(kube::kConfigMaps, ref.name);
    }
    return write;
  }

  absl::Status Write(const SharedRef& ref, MergeScope scope) {
    Object& object = objects_.at(ref);
    absl::StatusOr<SharedWritten> left = writer_.Write(WriteOf(ref, scope));
    if (!left.ok() && PassesBy(left.status())) {
      return left.status();
    }
    object.error = left.ok() ? absl::OkStatus() : left.status();
    if (ReasonOf(object.error) == Reason::ERROR_REASON_NAMESPACE_NOT_FOUND) {
      // Neither the object nor anything late can be there.
      object.left = SharedWritten{};
    } else if (left.ok()) {
      taken_.insert(left->merged.taken.begin(), left->merged.taken.end());
      object.left = *std::move(left);
    }
    return absl::OkStatus();
  }

  absl::Status Taken(const Rule& rule, const std::string& holder) const {
    return Error(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_PORT_TAKEN,
                 fmt::format("port {} of the load balancer belongs to {}, which is not Berth's; "
                             "remove that, or claim another port",
                             rule.name.port().number(), holder));
  }

  // What others did to the rule's entry, where that stays as it is.
  std::optional<absl::Status> DriftOf(const SharedRef& ref, const Object& object,
                                      const Rule& rule) const {
    if (pool_->drift_policy == pool::DriftPolicy::kRepair || !object.left) {
      return std::nullopt;
    }
    const std::string name = rule.name.ToString();
    for (const Drift& drift : object.left->merged.drift) {
      if (drift.rule == name) {
        return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_ENTRY_DRIFTED,
                     fmt::format("{} says '{}' and should say '{}'; somebody changed it, and the "
                                 "pool's driftPolicy is Report: with Repair it is put right",
                                 ref.ToString(), drift.found.value_or("nothing"),
                                 drift.wanted.value_or("")));
      }
    }
    return std::nullopt;
  }

  // Whether the rule's entry is in the object, and if not, why.
  absl::StatusOr<std::string> EntryIn(const SharedRef& ref, const Rule& rule) const {
    const PortKey key{rule.name.protocol(), rule.name.port()};
    const Object& object = objects_.at(ref);
    if (const std::optional<absl::Status> drift = DriftOf(ref, object, rule)) {
      return *drift;
    }
    if (object.left && object.left->exists) {
      if (const auto entry = object.left->merged.entries.find(key);
          entry != object.left->merged.entries.end()) {
        const std::optional<std::string> failure = ref.kind == SharedKind::kService
                                                       ? PortError(object.left->merged.object, key)
                                                       : std::nullopt;
        if (failure) {
          return Refused(ref, absl::UnknownError(*failure));
        }
        return entry->second;
      }
    }
    if (!object.error.ok()) {
      return Refused(ref, object.error);
    }
    if (const auto unresolved = unresolved_.find(rule.name.ToString());
        unresolved != unresolved_.end()) {
      return unresolved->second;
    }
    if (!object.left || !object.left->exists) {
      return Refused(ref, absl::NotFoundError("it does not exist"));
    }
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_PROGRAMMED,
                 "the rule changed while it was being written");
  }

  RuleProgress ProgressOf(const Rule& rule) const {
    RuleProgress progress;
    if (const auto holder = taken_.find(rule.name.ToString()); holder != taken_.end()) {
      progress.status = Taken(rule, holder->second);
      return progress;
    }
    for (const SharedRef& ref : PlacesOf(*pool_, rule.name.protocol())) {
      absl::StatusOr<std::string> entry = EntryIn(ref, rule);
      if (!entry.ok()) {
        progress.status = entry.status();
        return progress;
      }
      progress.written.emplace(ref.ToString(), *std::move(entry));
    }
    return progress;
  }

  bool IsGone(const Rule& rule) const {
    const std::vector<SharedRef> traces = TracesOf(rule);
    return std::all_of(traces.begin(), traces.end(), [&](const SharedRef& ref) {
      // A write that went through removed what was to go; one that failed later only added.
      return objects_.at(ref).left.has_value();
    });
  }

  ProgramResult Conclude() const {
    ProgramResult result;
    for (const auto& [ref, object] : objects_) {
      for (const Drift& drift : object.left ? object.left->merged.drift : std::vector<Drift>()) {
        result.drift.push_back({.object = ref.ToString(), .drift = drift});
      }
    }
    for (const RulePtr& rule : request_.rules.rules) {
      if (rule->name.pool().value() != request_.pool) {
        continue;
      }
      if (rule->IsLive() && pool_ != nullptr) {
        result.live.emplace(rule->name.ToString(), ProgressOf(*rule));
      }
      if (rule->removing && IsGone(*rule)) {
        result.removed.insert(rule->uid);
      }
    }
    return result;
  }

  SharedWriter& writer_;
  const Targets& targets_;
  const ProgramRequest& request_;
  /// Null if it is not known.
  const pool::Pool* pool_ = nullptr;
  std::map<SharedRef, Object> objects_;
  /// By the rule's name: who holds its place on one of the objects.
  std::map<std::string, std::string> taken_;
  std::map<std::string, absl::Status> unresolved_;
};

ConfigMapDriver::ConfigMapDriver(SharedObjects& objects, RuleSource& rules, const Targets& targets)
    : writer_(objects, rules), targets_(targets), capabilities_(IngressNginx()) {}

absl::StatusOr<ProgramResult> ConfigMapDriver::Program(const ProgramRequest& request) {
  return Pass(writer_, targets_, request).Run();
}

absl::StatusOr<std::vector<ObjectDrift>> ConfigMapDriver::FindDrift(const ProgramRequest& request) {
  return Pass(writer_, targets_, request).FindDrift();
}

absl::StatusOr<std::vector<ForeignEntry>> ConfigMapDriver::FindForeign(
    const ProgramRequest& request) {
  return Pass(writer_, targets_, request).FindForeign();
}

}  // namespace berth::ingress
