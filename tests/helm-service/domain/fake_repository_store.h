#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/status/status.h"
#include "common/sync/mutex.h"
#include "helm-service/domain/chart_repository.h"

namespace berth::helm {

inline ChartRepository MakeRepository(const std::string& name, const std::string& url) {
  return {.name = *RepositoryName::Parse(name),
          .uid = "uid-" + name,
          .generation = 1,
          .url = *SourceUrl::Parse(url)};
}

/// Repositories in memory. Not thread safe but for WriteState and ReadCredentials, which do nothing
/// that another call sees.
class FakeRepositoryStore final : public ChartRepositoryStore {
 public:
  void Put(ChartRepository repository, HttpCredentials credentials = {}) {
    const std::string name = repository.name.value();
    credentials_[name] = std::move(credentials);
    repositories_.insert_or_assign(name, std::move(repository));
  }

  const std::vector<RefreshState>& written() const { return written_; }

  absl::StatusOr<std::vector<ChartRepository>> List() override {
    std::vector<ChartRepository> all;
    for (const auto& [name, repository] : repositories_) all.push_back(repository);
    return all;
  }
  absl::StatusOr<ChartRepository> Get(const RepositoryName& name) override {
    const auto found = repositories_.find(name.value());
    if (found != repositories_.end()) return found->second;
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CHART_REPOSITORY_NOT_FOUND, "");
  }
  absl::StatusOr<HttpCredentials> ReadCredentials(const ChartRepository& repository) override {
    const auto found = credentials_.find(repository.name.value());
    return found == credentials_.end() ? HttpCredentials{} : found->second;
  }
  absl::Status WriteState(const ChartRepository&, const RefreshState& state) override {
    const MutexLock lock(mutex_);
    written_.push_back(state);
    return absl::OkStatus();
  }

 private:
  std::map<std::string, ChartRepository> repositories_;
  std::map<std::string, HttpCredentials> credentials_;
  Mutex mutex_;
  std::vector<RefreshState> written_;
};

}  // namespace berth::helm
