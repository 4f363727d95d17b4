#pragma once

#include <map>
#include <vector>

#include "common/status/status.h"
#include "helm-service/domain/release_reader.h"

namespace berth::helm {

/// The stored values of one release.
class FakeReader final : public ReleaseReader {
 public:
  absl::StatusOr<std::vector<ReleaseSummary>> Revisions(const ReleaseKey&) override {
    if (!error.ok()) return error;
    return revisions;
  }
  absl::StatusOr<ReleaseSummary> WithFacts(ReleaseSummary revision) override { return revision; }
  absl::StatusOr<nlohmann::json> Values(const ReleaseKey& key, int revision, ValuesKind) override {
    if (!error.ok()) return error;
    const auto found = values.find(revision);
    if (found == values.end()) return NoSuchRelease(key);
    return found->second;
  }

  /// The newest first.
  std::vector<ReleaseSummary> revisions;
  std::map<int, nlohmann::json> values;
  absl::Status error;
};

}  // namespace berth::helm
