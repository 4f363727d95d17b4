#include "helm-service/adapters/repository_refresher.h"

#include <condition_variable>
#include <mutex>
#include <vector>

#include "common/log/log.h"
#include "common/status/status.h"
#include "helm-service/domain/registry_check.h"

namespace berth::helm {

void RepositoryRefresher::Start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void RepositoryRefresher::Run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    Pass(stop);
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, interval_, [] { return false; });
  }
}

void RepositoryRefresher::Pass(const std::stop_token& stop) {
  const absl::StatusOr<std::vector<ChartRepository>> repositories = store_.List();
  if (!repositories.ok()) {
    log::Warning("chart repositories not listed", {{"error", Describe(repositories.status())}});
    return;
  }
  indexes_.Retain(*repositories);
  for (const ChartRepository& repository : *repositories) {
    if (stop.stop_requested()) return;
    switch (repository.type()) {
      case RepositoryType::kHttp:
        indexes_.KeepFresh(repository);
        break;
      case RepositoryType::kOci:
        // What is wrong is in the repository's status.
        CheckRegistry(store_, policy_, repository).IgnoreError();
        break;
    }
  }
}

}  // namespace berth::helm
