#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "common/kube/clock.h"
#include "common/kube/rest_mapper.h"
#include "common/metrics/metrics.h"
#include "common/pool/pool_watcher.h"
#include "ingress-service/adapters/kube_rule_objects.h"
#include "ingress-service/adapters/kube_rule_source.h"
#include "ingress-service/adapters/kube_rule_store.h"
#include "ingress-service/adapters/kube_shared_objects.h"
#include "ingress-service/adapters/port_service_claims.h"
#include "ingress-service/adapters/rule_loop.h"
#include "ingress-service/adapters/service_targets.h"
#include "ingress-service/adapters/tcp_prober.h"
#include "ingress-service/adapters/watched_pools.h"
#include "ingress-service/domain/adopter.h"
#include "ingress-service/domain/confirmed_rules.h"
#include "ingress-service/domain/driver.h"
#include "ingress-service/domain/pool_inspector.h"
#include "ingress-service/domain/pool_reconciler.h"
#include "ingress-service/domain/rule_service.h"

#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::ingress {

/// One replica's rules, from the watches to the loop, put together with the drivers built in.
///
/// Threads: those of its parts, from Start to Stop. Lifetime: the client, the stub and the registry
/// outlive it.
class RuleEngine {
 public:
  struct Options {
    /// Berth's namespace.
    std::string ns;
    std::chrono::milliseconds port_service_timeout = std::chrono::seconds(10);
    /// Pools that are worked on at the same time.
    int workers = 4;
    /// `now` is filled in.
    PoolReconciler::Options loop;
    /// `on_change` is filled in.
    TcpProber::Options probe;
  };

  /// INTERNAL if the system is out of file descriptors.
  static absl::StatusOr<std::unique_ptr<RuleEngine>> Create(
      kube::Client& client, port::v1::PortService::StubInterface& port_service,
      metrics::Registry& metrics, Options options);
  /// Stops.
  ~RuleEngine();

  /// Fills the caches and begins to work; OK once the caches are full. Errors: those of the caches
  /// at `deadline`.
  absl::Status Start(std::chrono::steady_clock::time_point deadline);
  /// Waits for running passes; no new one begins.
  void Stop() { loop_->Stop(); }

  RuleService& service() { return service_; }
  RuleStore& rules() { return rules_; }
  RuleSource& source() { return source_; }
  RuleFeed& feed() { return source_; }
  const PoolInspector& inspector() const { return inspector_; }
  Adopter& adopter() { return adopter_; }

 private:
  RuleEngine(kube::Client& client, port::v1::PortService::StubInterface& port_service,
             Options options);
  KubeRuleObjects::Options WatchRuleObjects();
  absl::Status Wire(metrics::Registry& metrics);

  Options options_;
  ConfirmedRules confirmed_{kube::RealClock()};
  kube::Cache rule_cache_;
  kube::Cache claim_cache_;
  kube::Cache service_cache_;
  kube::Cache endpoint_cache_;
  pool::PoolWatcher watcher_;
  KubeRuleSource source_;
  KubeRuleStore rules_;
  PortServiceClaims claims_;
  WatchedPools pools_;
  ServiceTargets targets_;
  KubeSharedObjects objects_;
  kube::RestMapper mapper_;
  KubeRuleObjects gateway_objects_;
  KubeRuleObjects service_objects_;
  Drivers drivers_;
  RuleService service_;
  PoolInspector inspector_;
  Adopter adopter_;
  std::unique_ptr<TcpProber> prober_;
  std::unique_ptr<PoolReconciler> reconciler_;
  /// The watcher and the prober wake it.
  std::unique_ptr<RuleLoop> loop_;
};

}  // namespace berth::ingress
