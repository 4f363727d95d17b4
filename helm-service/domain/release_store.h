#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "helm-service/domain/release.h"
#include "helm-service/domain/release_content.h"

namespace berth::helm {

/// What changes when Helm writes a revision again.
struct RevisionStamp {
  /// Another one after every write.
  std::string version;
  ReleaseStatus status = ReleaseStatus::kUnknown;
};

/// Helm's releases in the cluster, read past every cache. Calls block for an API request or two and
/// are thread safe. Errors are those of the Kubernetes client.
class ReleaseStore {
 public:
  virtual ~ReleaseStore() = default;

  /// The newest revision, if there is a release.
  virtual absl::StatusOr<std::optional<RevisionInfo>> Newest(const ReleaseKey& key) = 0;

  /// All revisions that are stored, in no order.
  virtual absl::StatusOr<std::vector<RevisionInfo>> Revisions(const ReleaseKey& key) = 0;

  /// One revision with its body, the newest if none is named. NOT_FOUND (RELEASE_NOT_FOUND) if it
  /// is gone.
  virtual absl::StatusOr<Release> Read(const ReleaseKey& key, std::optional<int> revision) = 0;

  /// What one revision put into the cluster. NOT_FOUND (RELEASE_NOT_FOUND) if it is gone.
  virtual absl::StatusOr<ReleaseContent> ReadContent(const ReleaseKey& key, int revision) = 0;

  /// What a list must show to show a release as it is now, also if there is none.
  virtual absl::StatusOr<ConsistencyToken> TokenOf(const ReleaseKey& key) = 0;

  /// Tells whether one revision was written again, without reading it; nothing if there is none.
  /// Of all methods the only one that may answer from what the API server remembers.
  virtual absl::StatusOr<std::optional<RevisionStamp>> Stamp(const ReleaseKey& key,
                                                             int revision) = 0;

  /// Marks a revision that is locked as failed; what Helm itself does when it is asked to stop. OK
  /// if it is not locked any more.
  virtual absl::Status MarkFailed(const ReleaseKey& key, int revision,
                                  std::string_view description) = 0;
};

}  // namespace berth::helm
