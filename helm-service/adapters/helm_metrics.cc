#include "helm-service/adapters/helm_metrics.h"

#include <vector>

namespace berth::helm {
namespace {

// From a Helm that only asks the API server to one that waits for large images.
std::vector<double> RunBounds() {
  return {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800};
}

std::string OutcomeOf(const absl::StatusOr<HelmExit>& exit) {
  if (!exit.ok()) return absl::IsCancelled(exit.status()) ? "killed" : "not_started";
  if (exit->signal.has_value()) return "killed";
  return exit->code == 0 ? "succeeded" : "failed";
}

}  // namespace

HelmMetrics::HelmMetrics(metrics::Registry& registry)
    : registry_(registry),
      running_(registry.Gauge("processes_running", "Helm processes that run now")),
      waiting_(registry.Gauge("processes_waiting",
                              "operations that wait until a Helm process may be started")) {}

void HelmMetrics::Ended(const std::string& command, const absl::StatusOr<HelmExit>& exit,
                        std::chrono::duration<double> duration) {
  running_.Decrement();
  registry_
      .Counter("runs_total", "Helm processes that ended, by command and outcome",
               {{"command", command}, {"outcome", OutcomeOf(exit)}})
      .Increment();
  registry_
      .Histogram("run_duration_seconds", "how long Helm processes ran, by command", RunBounds(),
                 {{"command", command}})
      .Observe(duration.count());
}

}  // namespace berth::helm
