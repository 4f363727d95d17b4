#include "ingress-service/adapters/rule_engine.h"

#include <chrono>
#include <utility>

#include "common/kube/clock.h"
#include "common/kube/gateway_api.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"
#include "ingress-service/adapters/configmap_driver.h"
#include "ingress-service/adapters/gateway_api_driver.h"
#include "ingress-service/adapters/load_balancer_driver.h"

namespace berth::ingress {
namespace {

// Definitions change when somebody upgrades them: then the old version may stop being served.
constexpr auto kMaxAgeOfVersions = std::chrono::minutes(1);

}  // namespace

absl::StatusOr<std::unique_ptr<RuleEngine>> RuleEngine::Create(
    kube::Client& client, port::v1::PortService::StubInterface& port_service,
    metrics::Registry& metrics, Options options) {
  std::unique_ptr<RuleEngine> engine(new RuleEngine(client, port_service, std::move(options)));
  RETURN_IF_ERROR(engine->Wire(metrics));
  return engine;
}

RuleEngine::RuleEngine(kube::Client& client, port::v1::PortService::StubInterface& port_service,
                       Options options)
    : options_(std::move(options)),
      rule_cache_(client, RuleCacheOptions(options_.ns)),
      claim_cache_(client, ClaimCacheOptions(options_.ns)),
      service_cache_(client, ServiceCacheOptions()),
      endpoint_cache_(client, EndpointCacheOptions()),
      watcher_(client, {.ns = options_.ns, .on_change = [this] { loop_->LookAtAll(); }}),
      source_(client, rule_cache_, confirmed_, options_.ns),
      rules_(client, options_.ns),
      claims_(client, claim_cache_, options_.ns, port_service, options_.port_service_timeout),
      pools_(client, watcher_, options_.ns),
      targets_(service_cache_, endpoint_cache_),
      objects_(client),
      mapper_(client, kube::RealClock(), {.max_age = kMaxAgeOfVersions}),
      gateway_objects_(client, WatchRuleObjects()),
      service_objects_(client, WatchRuleObjects()),
      service_({.rules = rules_,
                .source = source_,
                .claims = claims_,
                .pools = pools_,
                .drivers = drivers_,
                .confirmed = confirmed_}),
      inspector_(pools_, source_, drivers_),
      adopter_(inspector_, rules_, claims_, service_) {
  // Every driver of this version; a pool of another one is refused by name.
  drivers_.push_back(std::make_unique<ConfigMapDriver>(objects_, source_, targets_));
  drivers_.push_back(std::make_unique<GatewayApiDriver>(
      gateway_objects_, rules_, targets_, [this] { return kube::DiscoverGatewayApi(mapper_); },
      options_.ns));
  drivers_.push_back(
      std::make_unique<LoadBalancerDriver>(service_objects_, rules_, targets_, options_.ns));
}

KubeRuleObjects::Options RuleEngine::WatchRuleObjects() {
  return {.ns = options_.ns,
          .on_change = [this](const std::string& pool) { loop_->Look(pool); },
          .on_synced = [this] { loop_->LookAtAll(); }};
}

absl::Status RuleEngine::Wire(metrics::Registry& metrics) {
  options_.probe.on_change = [this](const std::string& pool) { loop_->Look(pool); };
  ASSIGN_OR_RETURN(prober_, TcpProber::Start(options_.probe));
  options_.loop.now = [] {
    return std::chrono::floor<kube::Time::duration>(std::chrono::system_clock::now());
  };
  options_.loop.is_woken = [this](const pool::PoolName& pool) {
    return loop_->IsWoken(pool.value());
  };
  options_.loop.on_drift_repaired =
      [&repaired = metrics.Counter("drift_repaired_total",
                                   "Entries that others had changed and that were written again.")](
          std::size_t count) { repaired.Increment(static_cast<double>(count)); };
  options_.loop.on_programmed =
      [&seconds = metrics.Histogram("rule_programmed_seconds",
                                    "Time from a rule's storing until it was programmed.",
                                    metrics::DurationBounds())](std::chrono::nanoseconds time) {
        seconds.Observe(std::chrono::duration<double>(time).count());
      };
  reconciler_ =
      std::make_unique<PoolReconciler>(PoolReconciler::Dependencies{.source = source_,
                                                                    .rules = rules_,
                                                                    .claims = claims_,
                                                                    .pools = pools_,
                                                                    .targets = targets_,
                                                                    .prober = *prober_,
                                                                    .drivers = drivers_,
                                                                    .clock = kube::RealClock(),
                                                                    .confirmed = confirmed_},
                                       options_.loop);
  loop_ = std::make_unique<RuleLoop>(*reconciler_, pools_,
                                     RuleLoop::Caches{.rules = rule_cache_,
                                                      .claims = claim_cache_,
                                                      .services = service_cache_,
                                                      .endpoint_slices = endpoint_cache_},
                                     metrics, options_.workers);
  return absl::OkStatus();
}

RuleEngine::~RuleEngine() {
  // Passes use the prober, and the prober, the watcher and the objects' watches wake the loop:
  // first no more passes, then nobody who wakes it, then the loop itself.
  watcher_.Stop();
  if (loop_ != nullptr) {
    loop_->Stop();
  }
  gateway_objects_.Stop();
  service_objects_.Stop();
  prober_.reset();
}

absl::Status RuleEngine::Start(std::chrono::steady_clock::time_point deadline) {
  watcher_.Start();
  for (kube::Cache* cache : {&rule_cache_, &claim_cache_, &service_cache_, &endpoint_cache_}) {
    cache->Start();
  }
  for (const kube::Cache* cache :
       {&rule_cache_, &claim_cache_, &service_cache_, &endpoint_cache_}) {
    RETURN_IF_ERROR(cache->WaitForSync(deadline));
  }
  RETURN_IF_ERROR(watcher_.WaitForSync(deadline));
  loop_->Start();
  return absl::OkStatus();
}

}  // namespace berth::ingress
