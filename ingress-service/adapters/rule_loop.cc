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
  const kube::Cache::Listener named{
      .on_change = [this](const kube::Cache::Change& change) { OnNamed(change); },
      .on_synced = [this] { LookAtAll(); },
  };
  subscriptions_.push_back(caches.rules.AddListener(named));
  subscriptions_.push_back(caches.claims.AddListener(named));
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

void RuleLoop::LookAtAll() {
  std::set<std::string> names;
  for (const auto& state : pools_.List()) {
    names.insert(state->pool.name.value());
  }
  for (const kube::Cache::Object& rule : rules_.List()) {
    names.insert(PoolOf(*rule));
  }
  for (const std::string& name : names) {
    queue_.Add(name);
  }
}

void RuleLoop::OnNamed(const kube::Cache::Change& change) { queue_.Add(PoolOf(Either(change))); }

void RuleLoop::OnService(const kube::Cache::Change& change) {
  const bool same_ports = change.before != nullptr && change.after != nullptr &&
                          kube::At(*change.before, {"spec"}) == kube::At(*change.after, {"spec"});
  if (same_ports) {
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
    queue_.Add(PoolOf(*rule));
  }
}

kube::WorkQueue::Outcome RuleLoop::Pass(const std::string& key) {
  const absl::StatusOr<pool::PoolName> name = pool::PoolName::Parse(key);
  if (!name.ok()) {
    // An object made by hand; it is nothing of Berth's.
    return std::nullopt;
  }
  const auto begin = std::chrono::steady_clock::now();
  absl::StatusOr<std::chrono::milliseconds> again = reconciler_.Reconcile(*name);
  pass_seconds_.Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  if (!again.ok()) {
    failed_passes_.Increment();
    return again.status();
  }
  return *again;
}

}  // namespace berth::ingress
