#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/sync/mutex.h"
#include "helm-service/domain/release_store.h"

namespace berth::helm {

/// One release, whose revisions a test stores. Thread safe.
class FakeReleases final : public ReleaseStore {
 public:
  /// Writes a revision, as Helm does.
  void Store(int revision, ReleaseStatus status, ReleaseContent content) {
    const MutexLock lock(mutex_);
    revisions_[revision] = {{std::to_string(++writes_), status}, std::move(content)};
  }

  absl::StatusOr<std::optional<RevisionInfo>> Newest(const ReleaseKey&) override {
    const MutexLock lock(mutex_);
    if (revisions_.empty()) return std::nullopt;
    const auto& [revision, stored] = *revisions_.rbegin();
    return RevisionInfo{.revision = revision, .status = stored.first.status};
  }

  absl::StatusOr<std::vector<RevisionInfo>> Revisions(const ReleaseKey&) override {
    const MutexLock lock(mutex_);
    std::vector<RevisionInfo> infos;
    for (const auto& [revision, stored] : revisions_) {
      infos.push_back({.revision = revision, .status = stored.first.status});
    }
    return infos;
  }

  absl::StatusOr<Release> Read(const ReleaseKey& key, std::optional<int> revision) override {
    const MutexLock lock(mutex_);
    const int read = revision.value_or(revisions_.empty() ? 0 : revisions_.rbegin()->first);
    return Release{.key = key, .newest = {read, revisions_[read].first.status}};
  }

  absl::StatusOr<ReleaseContent> ReadContent(const ReleaseKey&, int revision) override {
    const MutexLock lock(mutex_);
    ++content_reads_;
    const auto found = revisions_.find(revision);
    if (found == revisions_.end()) return absl::NotFoundError("no such revision");
    return found->second.second;
  }

  absl::StatusOr<std::optional<RevisionStamp>> Stamp(const ReleaseKey&, int revision) override {
    const MutexLock lock(mutex_);
    const auto found = revisions_.find(revision);
    if (found == revisions_.end()) return std::nullopt;
    return found->second.first;
  }

  absl::StatusOr<ConsistencyToken> TokenOf(const ReleaseKey&) override {
    return ConsistencyToken();
  }

  absl::Status MarkFailed(const ReleaseKey&, int revision, std::string_view) override {
    const MutexLock lock(mutex_);
    revisions_[revision].first.status = ReleaseStatus::kFailed;
    return absl::OkStatus();
  }

  int content_reads() const {
    const MutexLock lock(mutex_);
    return content_reads_;
  }

 private:
  mutable Mutex mutex_;
  std::map<int, std::pair<RevisionStamp, ReleaseContent>> revisions_ ABSL_GUARDED_BY(mutex_);
  int writes_ ABSL_GUARDED_BY(mutex_) = 0;
  int content_reads_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace berth::helm
