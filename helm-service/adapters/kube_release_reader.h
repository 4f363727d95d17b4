#pragma once

#include <vector>

#include "common/kube/client.h"
#include "helm-service/adapters/release_facts.h"
#include "helm-service/domain/release_reader.h"

namespace berth::helm {

/// Reads releases from their Secrets. Thread safe.
class KubeReleaseReader final : public ReleaseReader {
 public:
  /// Both outlive the reader.
  KubeReleaseReader(kube::Client& client, ReleaseFacts& facts) : client_(client), facts_(facts) {}

  absl::StatusOr<std::vector<ReleaseSummary>> Revisions(const ReleaseKey& key) override;
  absl::StatusOr<ReleaseSummary> WithFacts(ReleaseSummary revision) override;
  absl::StatusOr<nlohmann::json> Values(const ReleaseKey& key, int revision,
                                        ValuesKind kind) override;

 private:
  kube::Client& client_;
  ReleaseFacts& facts_;
};

}  // namespace berth::helm
