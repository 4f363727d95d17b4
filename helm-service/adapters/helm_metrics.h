#pragma once

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "common/metrics/metrics.h"
#include "helm-service/domain/helm_runner.h"

namespace berth::helm {

/// What operators see of Helm: processes that run, operations that wait for one, and the runs by
/// command and outcome ("succeeded", "failed", "killed", "not_started"). Thread safe.
class HelmMetrics {
 public:
  /// `registry` outlives this.
  explicit HelmMetrics(metrics::Registry& registry);

  void WaitingChanged(int change) { waiting_.Increment(change); }
  void Started() { running_.Increment(); }
  void Ended(const std::string& command, const absl::StatusOr<HelmExit>& exit,
             std::chrono::duration<double> duration);

 private:
  metrics::Registry& registry_;
  prometheus::Gauge& running_;
  prometheus::Gauge& waiting_;
};

}  // namespace berth::helm
