#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/kube/clock.h"
#include "common/kube/object.h"
#include "common/status/status.h"
#include "ingress-service/domain/claims.h"
#include "ingress-service/domain/entries.h"
#include "ingress-service/domain/pools.h"
#include "ingress-service/domain/prober.h"
#include "ingress-service/domain/rule_source.h"
#include "ingress-service/domain/rule_store.h"
#include "ingress-service/domain/shared_objects.h"
#include "ingress-service/domain/targets.h"

namespace berth::ingress {

/// Stands still until a test moves it.
class FakeClock : public kube::Clock {
 public:
  TimePoint now{};
  TimePoint Now() const override { return now; }
  void WaitUntil(Mutex&, CondVar&, TimePoint) override {}
};

/// The rules, claims and shared objects of a cluster, with one revision for all as an API server
/// has, and the history of the rules, so that a cache can lag behind. Used by one thread at a time.
class FakeCluster {
 public:
  /// Called before every access; an interleaver switches there, and a test can fail it.
  std::function<absl::Status(const std::string& verb)> before = [](const auto&) {
    return absl::OkStatus();
  };
  std::map<SharedRef, kube::Json> objects;
  std::map<pool::ClaimName, Rule> rules;
  std::map<pool::ClaimName, Claim> claims;
  /// Writes of shared objects that went through.
  int puts = 0;
  int lists = 0;

  std::uint64_t revision() const { return revision_; }

  void PutObject(const SharedRef& ref, kube::Json object) {
    object["metadata"]["namespace"] = ref.name.ns;
    object["metadata"]["name"] = ref.name.name;
    object["metadata"]["resourceVersion"] = std::to_string(++revision_);
    objects.insert_or_assign(ref, std::move(object));
    ++puts;
  }

  void PutRule(Rule rule) {
    rule.revision = ++revision_;
    rule.resource_version = std::to_string(rule.revision);
    rules.insert_or_assign(rule.name, std::move(rule));
    Remember();
  }

  void RemoveRule(const pool::ClaimName& name) {
    rules.erase(name);
    ++revision_;
    Remember();
  }

  void SetClaim(const pool::ClaimName& name, Claim claim) {
    claims.insert_or_assign(name, std::move(claim));
    ++revision_;
  }

  /// The rules as they were at `revision`.
  RuleSnapshot RulesAt(std::uint64_t revision) const {
    const auto after = history_.upper_bound(revision);
    return {.revision = revision,
            .rules = after == history_.begin() ? std::vector<std::shared_ptr<const Rule>>()
                                               : std::prev(after)->second};
  }

 private:
  void Remember() {
    std::vector<std::shared_ptr<const Rule>> all;
    for (const auto& [name, rule] : rules) {
      all.push_back(std::make_shared<const Rule>(rule));
    }
    history_.emplace(revision_, std::move(all));
  }

  std::uint64_t revision_ = 100;
  std::map<std::uint64_t, std::vector<std::shared_ptr<const Rule>>> history_;
};

/// One replica's view: its cache shows `applied`, or everything if that is unset.
class FakeRuleSource : public RuleSource {
 public:
  explicit FakeRuleSource(FakeCluster& cluster) : cluster_(cluster) {}

  std::optional<std::uint64_t> applied;

  RuleSnapshot Cached() const override {
    return cluster_.RulesAt(applied.value_or(cluster_.revision()));
  }
  bool Shows(const pool::ClaimName& name) const override {
    const RuleSnapshot shown = Cached();
    return std::any_of(shown.rules.begin(), shown.rules.end(),
                       [&](const auto& rule) { return rule->name == name; });
  }
  absl::StatusOr<RuleSnapshot> Consistent() override {
    if (const absl::Status status = cluster_.before("LIST rules"); !status.ok()) {
      return status;
    }
    ++cluster_.lists;
    return cluster_.RulesAt(cluster_.revision());
  }

 private:
  FakeCluster& cluster_;
};

class FakeObjects : public SharedObjects {
 public:
  explicit FakeObjects(FakeCluster& cluster) : cluster_(cluster) {}

  absl::StatusOr<std::optional<kube::Json>> Get(const SharedRef& ref) override {
    if (const absl::Status status = cluster_.before("GET " + ref.ToString()); !status.ok()) {
      return status;
    }
    const auto found = cluster_.objects.find(ref);
    return found == cluster_.objects.end() ? std::nullopt : std::optional(found->second);
  }
  absl::StatusOr<PutOutcome> Create(const SharedRef& ref, const kube::Json& object) override {
    if (const absl::Status status = cluster_.before("CREATE " + ref.ToString()); !status.ok()) {
      return status;
    }
    if (cluster_.objects.contains(ref)) {
      return PutOutcome::kConflict;
    }
    cluster_.PutObject(ref, object);
    return PutOutcome::kDone;
  }
  absl::StatusOr<PutOutcome> Replace(const SharedRef& ref, const kube::Json& object) override {
    if (const absl::Status status = cluster_.before("PUT " + ref.ToString()); !status.ok()) {
      return status;
    }
    const auto found = cluster_.objects.find(ref);
    if (found == cluster_.objects.end() ||
        kube::ResourceVersion(found->second) != kube::ResourceVersion(object)) {
      return PutOutcome::kConflict;
    }
    cluster_.PutObject(ref, object);
    return PutOutcome::kDone;
  }

 private:
  FakeCluster& cluster_;
};

class FakeRuleStore : public RuleStore {
 public:
  explicit FakeRuleStore(FakeCluster& cluster) : cluster_(cluster) {}

  absl::StatusOr<std::optional<Rule>> Read(const pool::ClaimName& name) override {
    if (const absl::Status status = cluster_.before("GET rule"); !status.ok()) {
      return status;
    }
    const auto found = cluster_.rules.find(name);
    return found == cluster_.rules.end() ? std::nullopt : std::optional(found->second);
  }
  absl::StatusOr<Rule> Create(const pool::ClaimName& name, const RuleSpec& spec) override {
    if (const absl::Status status = cluster_.before("CREATE rule"); !status.ok()) {
      return status;
    }
    if (cluster_.rules.contains(name)) {
      return Conflict(absl::StatusCode::kAlreadyExists);
    }
    cluster_.PutRule({.name = name,
                      .uid = "rule-uid-" + std::to_string(cluster_.revision()),
                      .generation = 1,
                      .created = kube::Time(std::chrono::seconds(cluster_.revision())),
                      .finalizers = {std::string(kRuleFinalizer)},
                      .spec = spec});
    return cluster_.rules.at(name);
  }
  absl::StatusOr<Rule> ReplaceSpec(const Rule& rule, const RuleSpec& spec) override {
    const absl::Status changed = Change("PATCH rule", rule, [&](Rule& stored) {
      stored.spec = spec;
      ++stored.generation;
    });
    if (!changed.ok()) {
      return changed;
    }
    return cluster_.rules.at(rule.name);
  }
  absl::StatusOr<std::uint64_t> WriteStatus(const Rule& rule, const RuleStatus& status) override {
    const absl::Status changed =
        Change("PATCH status", rule, [&](Rule& stored) { stored.status = status; });
    if (!changed.ok()) {
      return changed;
    }
    return cluster_.revision();
  }
  absl::Status SetFinalizer(const Rule& rule, FinalizerWish wish) override {
    return Change("PATCH finalizer", rule, [&](Rule& stored) {
      std::erase(stored.finalizers, kRuleFinalizer);
      if (wish == FinalizerWish::kPresent) {
        stored.finalizers.emplace_back(kRuleFinalizer);
      }
    });
  }
  absl::Status Delete(const Rule& rule) override {
    if (const absl::Status status = cluster_.before("DELETE rule"); !status.ok()) {
      return status;
    }
    const auto found = cluster_.rules.find(rule.name);
    if (found == cluster_.rules.end() || found->second.uid != rule.uid || found->second.removing) {
      return absl::OkStatus();
    }
    Rule stored = found->second;
    stored.removing = true;
    Store(std::move(stored));
    return absl::OkStatus();
  }

 private:
  static absl::Status Conflict(absl::StatusCode code) {
    return Error(code, Reason::ERROR_REASON_KUBERNETES_CONFLICT, "conflict");
  }

  // As an API server does: an object being deleted is gone with its last finalizer.
  void Store(Rule rule) {
    if (rule.removing && rule.finalizers.empty()) {
      cluster_.RemoveRule(rule.name);
    } else {
      cluster_.PutRule(std::move(rule));
    }
  }

  absl::Status Change(const std::string& verb, const Rule& rule,
                      const std::function<void(Rule&)>& change) {
    if (absl::Status status = cluster_.before(verb); !status.ok()) {
      return status;
    }
    const auto found = cluster_.rules.find(rule.name);
    if (found == cluster_.rules.end()) {
      return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_RULE_NOT_FOUND, "gone");
    }
    if (found->second.uid != rule.uid || found->second.resource_version != rule.resource_version) {
      return Conflict(absl::StatusCode::kAborted);
    }
    Rule stored = found->second;
    change(stored);
    Store(std::move(stored));
    return absl::OkStatus();
  }

  FakeCluster& cluster_;
};

class FakeClaims : public Claims {
 public:
  explicit FakeClaims(FakeCluster& cluster) : cluster_(cluster) {}

  std::optional<Claim> Cached(const pool::ClaimName& name) const override {
    const auto found = cluster_.claims.find(name);
    return found == cluster_.claims.end() ? std::nullopt : std::optional(found->second);
  }
  absl::StatusOr<std::optional<Claim>> Read(const pool::ClaimName& name) override {
    if (const absl::Status status = cluster_.before("GET claim"); !status.ok()) {
      return status;
    }
    return Cached(name);
  }
  absl::StatusOr<std::string> TakeHeld(const pool::ClaimName& name,
                                       const std::string& owner) override {
    if (absl::Status status = cluster_.before("CLAIM"); !status.ok()) {
      return status;
    }
    const auto found = cluster_.claims.find(name);
    if (found == cluster_.claims.end()) {
      cluster_.SetClaim(name, {.uid = owner + "/" + name.ToString(), .pool_uid = "pool-uid"});
    } else if (found->second.uid != owner + "/" + name.ToString()) {
      return Error(absl::StatusCode::kAlreadyExists, Reason::ERROR_REASON_PORT_TAKEN, "claimed");
    }
    return cluster_.claims.at(name).uid;
  }
  absl::Status Bind(const pool::ClaimName& name, const std::string& uid) override {
    return Move("BIND claim", name, uid, ClaimState::kReserved, ClaimState::kBound);
  }
  absl::Status Unbind(const pool::ClaimName& name, const std::string& uid) override {
    return Move("UNBIND claim", name, uid, ClaimState::kBound, ClaimState::kReleasing);
  }

 private:
  absl::Status Move(const std::string& verb, const pool::ClaimName& name, const std::string& uid,
                    ClaimState from, ClaimState to) {
    if (absl::Status status = cluster_.before(verb); !status.ok()) {
      return status;
    }
    const auto found = cluster_.claims.find(name);
    if (found == cluster_.claims.end() || found->second.uid != uid) {
      return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CLAIM_NOT_FOUND, "no claim");
    }
    if (found->second.state == from) {
      found->second.state = to;
    } else if (found->second.state < to ||
               (to == ClaimState::kBound && found->second.state != to)) {
      return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CLAIM_WRONG_STATE,
                   "wrong state");
    }
    return absl::OkStatus();
  }

  FakeCluster& cluster_;
};

class FakePools : public Pools {
 public:
  std::map<pool::PoolName, std::shared_ptr<const pool::PoolState>> states;
  std::optional<std::size_t> approved;

  void Add(pool::PoolState state) {
    const pool::PoolName name = state.pool.name;
    states.insert_or_assign(name, std::make_shared<const pool::PoolState>(std::move(state)));
  }

  absl::StatusOr<std::shared_ptr<const pool::PoolState>> Find(
      const pool::PoolName& name) const override {
    const auto found = states.find(name);
    if (found == states.end()) {
      return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_POOL_NOT_FOUND, "no pool");
    }
    return found->second;
  }
  std::vector<std::shared_ptr<const pool::PoolState>> List() const override {
    std::vector<std::shared_ptr<const pool::PoolState>> all;
    for (const auto& [name, state] : states) {
      all.push_back(state);
    }
    return all;
  }
  absl::StatusOr<std::optional<std::size_t>> ApprovedRemovals(const pool::PoolName&) override {
    return approved;
  }
};

/// Every Service exists, with every numbered port; named ports only if told.
class FakeTargets : public Targets {
 public:
  std::set<std::string> missing;
  std::map<std::string, pool::Port> named;
  /// What is behind each of them; nothing if it is empty.
  std::map<std::string, std::string> selector = {{"app", "web"}};
  absl::Status endpoints;

  absl::Status CheckEndpoints(const Target&) const override { return endpoints; }

  absl::StatusOr<Backend> FindBackend(const Target& target,
                                      pool::Protocol protocol) const override {
    const absl::StatusOr<pool::Port> port = Resolve(target, protocol);
    if (!port.ok()) {
      return port.status();
    }
    if (selector.empty()) {
      return Error(absl::StatusCode::kFailedPrecondition,
                   Reason::ERROR_REASON_TARGET_WITHOUT_SELECTOR, "no selector");
    }
    return Backend{.selector = selector, .port = *port};
  }

  absl::StatusOr<pool::Port> Resolve(const Target& target, pool::Protocol) const override {
    if (missing.contains(target.service)) {
      return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_NOT_FOUND,
                   "no Service");
    }
    if (const pool::Port* number = std::get_if<pool::Port>(&target.port)) {
      return *number;
    }
    const auto found = named.find(std::get<std::string>(target.port));
    if (found == named.end()) {
      return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_TARGET_PORT_NOT_FOUND,
                   "no port");
    }
    return found->second;
  }
};

class FakeProber : public Prober {
 public:
  /// What every target shows.
  std::optional<ProbeResult> result;
  std::map<std::string, std::vector<ProbeTarget>> watched;

  void Watch(const std::string& pool, std::vector<ProbeTarget> targets) override {
    watched.insert_or_assign(pool, std::move(targets));
  }
  std::optional<ProbeResult> Latest(const std::string&) const override { return result; }
};

inline pool::PoolName PoolNamed(const std::string& name) { return *pool::PoolName::Parse(name); }

inline pool::ClaimName Named(const std::string& name) { return *pool::ClaimName::Parse(name); }

inline const SharedRef kTcpEntries{SharedKind::kConfigMap, {"lb", "tcp"}};
inline const SharedRef kUdpEntries{SharedKind::kConfigMap, {"lb", "udp"}};
inline const SharedRef kLoadBalancer{SharedKind::kService, {"lb", "nginx"}};

/// A pool of the configmap driver over the three objects above, with an address.
inline pool::PoolState PoolOver(const std::string& name, const std::string& uid = "pool-uid") {
  const pool::LoadBalancerRef ref{pool::LoadBalancerKind::kService, kLoadBalancer.name};
  return {.pool = {.name = PoolNamed(name),
                   .uid = uid,
                   .load_balancers = {ref},
                   .first = pool::Port::Of<20000>(),
                   .last = pool::Port::Of<20999>(),
                   .configmap = pool::ConfigMapRefs{.tcp_services = kTcpEntries.name,
                                                    .udp_services = kUdpEntries.name}},
          .load_balancers = {{.ref = ref,
                              .uid = "lb-uid",
                              .addresses = {*pool::Address::ParseIp("10.0.0.1")}}},
          .known = true};
}

inline RuleSpec SpecTo(const std::string& service, const std::string& claim_uid) {
  return {.pool_uid = "pool-uid",
          .claim_uid = claim_uid,
          .target = {.ns = "shop", .service = service, .port = pool::Port::Of<80>()}};
}

/// An accepted rule.
inline Rule LiveRule(const std::string& name, const std::string& service = "web") {
  return {.name = Named(name),
          .uid = "uid-" + name,
          .generation = 1,
          .finalizers = {std::string(kRuleFinalizer)},
          .spec = SpecTo(service, "claim-" + name),
          .status = {.observed_generation = 1,
                     .conditions = {{.type = std::string(kAccepted),
                                     .status = kube::ConditionStatus::kTrue,
                                     .reason = "Accepted",
                                     .observed_generation = 1}}}};
}

inline kube::Json LoadBalancerService() {
  return {
      {"metadata", {{"uid", "lb-uid"}}},
      {"spec",
       {{"type", "LoadBalancer"},
        {"ports", kube::Json::array({{{"name", "http"}, {"port", 80}, {"targetPort", "http"}}})}}}};
}

}  // namespace berth::ingress
