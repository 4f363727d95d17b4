#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/sync/mutex.h"
#include "helm-service/domain/chart_indexes.h"
#include "helm-service/domain/chart_repository.h"
#include "helm-service/domain/http_fetcher.h"
#include "helm-service/domain/source_policy.h"

namespace berth::helm {

/// Fetches indexes and keeps them in memory, each replica for itself: one fetch at a time for a
/// repository, with If-None-Match once there is something to compare with; at most two at a time
/// for all; and together no more memory than allowed, the least recently used going first. What a
/// fetch finds is written to the repository's status.
///
/// Thread safe; fetches run on the threads of their callers.
class RepositoryIndexes final : public ChartIndexes {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Options {
    /// Of an index.yaml, unpacked.
    std::int64_t max_index_bytes = std::int64_t{64} << 20;
    /// Of all indexes in memory together, and so of one.
    std::int64_t max_memory_bytes = std::int64_t{128} << 20;
    /// How old an index may be when it is used.
    std::chrono::milliseconds refresh_interval = std::chrono::minutes(10);
    std::chrono::milliseconds fetch_timeout = std::chrono::seconds(60);
    /// A repository that failed is not asked again for so long, unless a refresh is asked for.
    std::chrono::milliseconds retry_after = std::chrono::seconds(10);
    std::function<Time()> now = [] { return std::chrono::steady_clock::now(); };
  };

  /// All outlive this.
  RepositoryIndexes(ChartRepositoryStore& store, HttpFetcher& fetcher, const SourcePolicy& policy,
                    Options options);

  absl::StatusOr<std::shared_ptr<const ChartIndex>> Get(const ChartRepository& repository,
                                                        Freshness freshness) override;

  /// Reads the index anew if it is due, without counting as a use. One that had to make room for
  /// others stays away until it is asked for; one that failed rests for a tenth of the interval.
  void KeepFresh(const ChartRepository& repository);

  /// Forgets all but these.
  void Retain(const std::vector<ChartRepository>& repositories);

  std::size_t memory_bytes() const;

 private:
  using Index = std::shared_ptr<const ChartIndex>;
  struct Entry {
    /// Etag of the repository that all of this is of.
    std::string repository_etag;
    Index index;
    std::string etag;
    Time fetched_at;
    Time used_at;
    bool made_room = false;
    /// Of the last attempt.
    absl::Status failure;
    Time failed_at;
    /// Place of the last attempt among all; 0 before the first.
    std::uint64_t finished = 0;
    bool fetching = false;
  };
  struct Fetched {
    /// Null if the old one still holds.
    Index index;
    std::string etag;
  };

  absl::StatusOr<Index> Find(const ChartRepository& repository, Freshness freshness);
  bool IsSettled(const Entry& entry, Freshness freshness, std::uint64_t before) const;
  static absl::StatusOr<Index> Outcome(const Entry& entry, Freshness freshness);
  absl::StatusOr<Fetched> Fetch(const ChartRepository& repository, const std::string& known_etag);
  void WriteState(const ChartRepository& repository, const absl::StatusOr<Fetched>& fetched);
  absl::StatusOr<Index> Settle(const ChartRepository& repository,
                               const absl::StatusOr<Fetched>& fetched, Freshness freshness)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MakeRoom(const Entry& keep) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::size_t MemoryBytes() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  ChartRepositoryStore& store_;
  HttpFetcher& fetcher_;
  const SourcePolicy& policy_;
  const Options options_;
  const std::size_t max_memory_;
  mutable Mutex mutex_;
  CondVar changed_;
  /// Fetches that have ended.
  std::uint64_t finished_ ABSL_GUARDED_BY(mutex_) = 0;
  int fetches_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::helm
