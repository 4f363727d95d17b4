#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "helm-service/domain/release_store.h"

namespace berth::helm {

/// Reads and marks releases by their Secrets. Thread safe.
class KubeReleaseStore final : public ReleaseStore {
 public:
  /// `client` outlives the store.
  explicit KubeReleaseStore(kube::Client& client) : client_(client) {}

  absl::StatusOr<std::optional<RevisionInfo>> Newest(const ReleaseKey& key) override;
  absl::StatusOr<std::vector<RevisionInfo>> Revisions(const ReleaseKey& key) override;
  absl::StatusOr<Release> Read(const ReleaseKey& key, int revision) override;
  absl::StatusOr<ReleaseContent> ReadContent(const ReleaseKey& key, int revision) override;
  absl::StatusOr<ConsistencyToken> TokenOf(const ReleaseKey& key) override;
  absl::StatusOr<std::optional<RevisionStamp>> Stamp(const ReleaseKey& key, int revision) override;
  absl::Status MarkFailed(const ReleaseKey& key, int revision,
                          std::string_view description) override;

 private:
  // Metadata of its Secrets.
  absl::StatusOr<kube::ObjectList> ListSecrets(const ReleaseKey& key);
  absl::StatusOr<kube::Json> GetSecret(const ReleaseKey& key, int revision);

  kube::Client& client_;
};

}  // namespace berth::helm
