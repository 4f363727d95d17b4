#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/json.h"
#include "helm-service/domain/chart_repository.h"

namespace berth::helm {

/// ChartRepository objects and the Secrets with their credentials, in Berth's namespace.
///
/// Credentials that are given to Berth go into an immutable Secret of a name of its own, owned by
/// the ChartRepository, which names it: new ones are a new Secret, and the write of the
/// ChartRepository makes them count, so that nobody ever reads half of each. The Secret before is
/// deleted after that; one that a crash leaves behind goes with the repository. A Secret that
/// somebody else wrote is only read.
///
/// Thread safe; every call asks the API server.
class KubeChartRepositoryStore final : public ChartRepositoryStore, public ChartRepositoryEditor {
 public:
  /// `client` outlives this.
  KubeChartRepositoryStore(kube::Client& client, std::string ns)
      : client_(client), ns_(std::move(ns)) {}

  absl::StatusOr<std::vector<ChartRepository>> List() override;
  absl::StatusOr<ChartRepository> Get(const RepositoryName& name) override;
  absl::StatusOr<HttpCredentials> ReadCredentials(const ChartRepository& repository) override;
  absl::Status WriteState(const ChartRepository& repository, const RefreshState& state) override;

  absl::StatusOr<ChartRepository> Create(const RepositoryName& name, const SourceUrl& url,
                                         const RepositoryCredentials& credentials,
                                         RepositoryEffect effect) override;
  absl::StatusOr<ChartRepository> Update(const RepositoryName& name, const RepositoryChange& change,
                                         RepositoryEffect effect) override;
  absl::Status Delete(const RepositoryName& name, const std::string& etag,
                      RepositoryEffect effect) override;

 private:
  absl::StatusOr<kube::Json> Read(const RepositoryName& name);
  absl::StatusOr<kube::Json> ReadUnchanged(const RepositoryName& name, const std::string& etag);
  absl::Status CreateSecret(const kube::Json& owner, const std::string& secret,
                            const HttpCredentials& credentials);
  void DeleteSecrets(const RepositoryName& name, const std::string& uid, const std::string& secret);

  kube::Client& client_;
  const std::string ns_;
};

}  // namespace berth::helm
