#include "ingress-service/adapters/rule_loop.h"

#include <chrono>
#include <set>

#include "common/kube/object.h"
#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "ingress-service/adapters/kube_rule_source.h"
#include "ingress-service/adapters/service_targets.h"

namespace berth::ingress {
namespace {

const kube::Json& Either(const kube::Cache::Change& change) {
  return change.after != nullptr ? *change.after : *change.before;
}

std::string PoolOf(const kube::Json& object) {
  return kube::StringAt(object, {"spec", "poolRef", "name"});
}

std::string StateOf(const kube::Json& claim) { return kube::StringAt(claim, {"spec", "state"}); }

void LogFailure(const std::string& key, const absl::Status& error) {
  // Another replica was faster, or something is just starting: the next pass does it.
  const log::Level level = absl::IsAborted(error) || absl::IsUnavailable(error)
                               ? log::Level::kInfo
                               : log::Level::kWarning;
  log::Write(level, "pass has to be repeated", {{"pool", key}, {"error", Describe(error)}});
}

}  // namespace

RuleLoop::RuleLoop(PoolReconciler& reconciler, const Pools& pools, Caches caches,
                   metrics::Registry& metrics, int workers)
    : reconciler_(reconciler),
      pools_(pools),
      rules_(caches.rules),
      pass_seconds_(metrics.Histogram("pass_seconds", "Time of a pass over a pool.",
                                      metrics::DurationBounds())),
      failed_passes_(metrics.Counter("failed_passes_total", "Passes that had to be repeated.")),
      queue_({.name = "rules",
              .workers = workers,
              .max_backoff = std::chrono::seconds(30),
              .on_error = LogFailure},
             [this](const std::string& key, const std::stop_token&) { return Pass(key); }) {
  subscriptions_.push_back(caches.rules.AddListener({
      .on_change = [this](const kube::Cache::Change& change) { OnRule(change); },
      .on_synced = [this] { LookAtAll(); },
  }));
  subscriptions_.push_back(caches.claims.AddListener({
      .on_change = [this](const kube::Cache::Change& change) { OnClaim(change); },
      .on_synced = [this] { LookAtAll(); },
  }));
  subscriptions_.push_back(caches.services.AddListener({
      .on_change = [this](const kube::Cache::Change& change) { OnService(change); },
      .on_synced = [this] { LookAtAll(); },
  }));
  subscriptions_.push_back(caches.endpoint_slices.AddListener({
      .on_change = [this](const kube::Cache::Change& change) { OnEndpoints(change); },
      .on_synced = [this] { LookAtAll(); },
  }));
}

void RuleLoop::Start() { queue_.Start(); }

void RuleLoop::Look(const std::string& pool) { queue_.AddAfter(pool, GatherTime(pool)); }

void RuleLoop::LookAtAll() {
  std::set<std::string> names;
  for (const auto& state : pools_.List()) {
    names.insert(state->pool.name.value());
  }
  for (const kube::Cache::Object& rule : rules_.List()) {
    names.insert(PoolOf(*rule));
  }
  for (const std::string& name : names) {
    Look(name);
  }
}

void RuleLoop::OnRule(const kube::Cache::Change& change) {
  // Statuses are what passes write themselves.
  const auto same = [&](std::string_view field) {
    return kube::At(*change.before, {"metadata", field}) ==
           kube::At(*change.after, {"metadata", field});
  };
  const bool is_status_only = change.before != nullptr && change.after != nullptr && same("uid") &&
                              same("generation") && same("deletionTimestamp") && same("finalizers");
  if (!is_status_only) {
    Look(PoolOf(Either(change)));
  }
}

std::chrono::milliseconds RuleLoop::GatherTime(const std::string& pool) const {
  MutexLock lock(mutex_);
  const auto found = gather_.find(pool);
  return found == gather_.end() ? std::chrono::milliseconds(0) : found->second;
}

void RuleLoop::OnClaim(const kube::Cache::Change& change) {
  // While it is handed out or bound, its rule says all there is to do.
  const bool is_given_back =
      change.after == nullptr || kube::IsBeingDeleted(*change.after) ||
      (StateOf(*change.after) != "RESERVED" && StateOf(*change.after) != "BOUND");
  if (is_given_back || change.before == nullptr) {
    Look(PoolOf(Either(change)));
  }
}

void RuleLoop::OnService(const kube::Cache::Change& change) {
  const bool same_spec = change.before != nullptr && change.after != nullptr &&
                         kube::At(*change.before, {"spec"}) == kube::At(*change.after, {"spec"});
  if (same_spec) {
    return;
  }
  LookAtRulesTo(kube::NameOf(Either(change)).ToString());
}

void RuleLoop::OnEndpoints(const kube::Cache::Change& change) {
  const bool same_readiness =
      change.before != nullptr && change.after != nullptr &&
      kube::At(*change.before, {"ready"}) == kube::At(*change.after, {"ready"});
  if (!same_readiness) {
    LookAtRulesTo(ServiceOf(Either(change)));
  }
}

void RuleLoop::LookAtRulesTo(const std::string& service) {
  for (const kube::Cache::Object& rule : rules_.ByIndex(kRulesByTarget, service)) {
    Look(PoolOf(*rule));
  }
}

kube::WorkQueue::Outcome RuleLoop::Pass(const std::string& key) {
  const absl::StatusOr<pool::PoolName> name = pool::PoolName::Parse(key);
  if (!name.ok()) {
    // An object made by hand; it is nothing of Berth's.
    return std::nullopt;
  }
  const auto begin = std::chrono::steady_clock::now();
  const absl::StatusOr<PoolReconciler::Outcome> outcome = reconciler_.Reconcile(*name);
  pass_seconds_.Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  if (!outcome.ok()) {
    failed_passes_.Increment();
    return outcome.status();
  }
  {
    MutexLock lock(mutex_);
    gather_.erase(key);
    if (outcome->gather.count() > 0) {
      gather_.emplace(key, outcome->gather);
    }
  }
  return outcome->again;
}

}  // namespace berth::ingress
