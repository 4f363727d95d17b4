#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "helm-service/domain/release_store.h"

namespace berth::helm {

/// Reads and marks releases by their Secrets. Thread safe.
///
/// Which revision is the newest it does not look up in a list where it can do without: a list of
/// Secrets that is to be current may wait a tenth of a second in the API server, until etcd has
/// told that nothing is on its way. A read of one Secret never does. So it asks for the revision
/// that a copy of the cluster has as the newest, and whether there is a next one.
class KubeReleaseStore final : public ReleaseStore {
 public:
  /// The newest revision that some copy of the cluster has heard of, 0 for no release; nothing
  /// while the copy is not complete.
  using LikelyNewest = std::function<std::optional<int>(const ReleaseKey& key)>;

  /// `client` outlives the store.
  KubeReleaseStore(kube::Client& client, LikelyNewest likely_newest)
      : client_(client), likely_newest_(std::move(likely_newest)) {}

  absl::StatusOr<std::optional<RevisionInfo>> Newest(const ReleaseKey& key) override;
  absl::StatusOr<std::vector<RevisionInfo>> Revisions(const ReleaseKey& key) override;
  absl::StatusOr<Release> Read(const ReleaseKey& key, std::optional<int> revision) override;
  absl::StatusOr<ReleaseContent> ReadContent(const ReleaseKey& key, int revision) override;
  absl::StatusOr<ConsistencyToken> TokenOf(const ReleaseKey& key) override;
  absl::StatusOr<std::optional<RevisionStamp>> Stamp(const ReleaseKey& key, int revision) override;
  absl::Status MarkFailed(const ReleaseKey& key, int revision,
                          std::string_view description) override;

 private:
  // Metadata of its Secrets.
  absl::StatusOr<kube::ObjectList> ListSecrets(const ReleaseKey& key);
  absl::StatusOr<kube::Json> GetSecret(const ReleaseKey& key, int revision);
  absl::StatusOr<kube::Json> GetNewestSecret(const ReleaseKey& key);
  // What its labels say, nothing if there is none.
  absl::StatusOr<std::optional<RevisionInfo>> GetInfo(const ReleaseKey& key, int revision);

  kube::Client& client_;
  const LikelyNewest likely_newest_;
};

}  // namespace berth::helm
