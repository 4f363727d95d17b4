#include "helm-service/adapters/repository_indexes.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "common/http/status.h"
#include "common/log/log.h"
#include "common/operation/clipped_text.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/adapters/index_reader.h"
#include "helm-service/adapters/source_refusal.h"

namespace berth::helm {
namespace {

constexpr int kMostFetches = 2;
constexpr std::size_t kLongestMessage = 1024;
constexpr std::size_t kLongestEtag = 1024;

// What an answer other than 200 and 304 means. A repository without an index is none.
absl::Status AnswerError(int status) {
  if (status != http::kNotFound) return SourceRefusal(status, "index.yaml");
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE,
               fmt::format("there is no index.yaml at its URL (HTTP {})", status));
}

absl::Status ReadError(const absl::Status& status) {
  const absl::StatusCode code = absl::IsResourceExhausted(status)
                                    ? absl::StatusCode::kResourceExhausted
                                    : absl::StatusCode::kFailedPrecondition;
  return Error(code, Reason::ERROR_REASON_CHART_SOURCE_UNAVAILABLE, std::string(status.message()));
}

absl::Status OfRepository(const absl::Status& status, const ChartRepository& repository) {
  return WithMetadata(
      WithContext(status, fmt::format("chart repository \"{}\"", repository.name.value())),
      "repository", repository.name.value());
}

}  // namespace

RepositoryIndexes::RepositoryIndexes(ChartRepositoryStore& store, HttpFetcher& fetcher,
                                     const SourcePolicy& policy, Options options)
    : store_(store),
      fetcher_(fetcher),
      policy_(policy),
      options_(std::move(options)),
      max_memory_(static_cast<std::size_t>(options_.max_memory_bytes)) {}

absl::StatusOr<RepositoryIndexes::Index> RepositoryIndexes::Get(const ChartRepository& repository,
                                                                Freshness freshness) {
  absl::StatusOr<Index> index = Find(repository, freshness);
  if (!index.ok()) return OfRepository(index.status(), repository);
  const MutexLock lock(mutex_);
  if (const auto entry = entries_.find(repository.name.value()); entry != entries_.end()) {
    entry->second.used_at = options_.now();
  }
  return index;
}

void RepositoryIndexes::KeepFresh(const ChartRepository& repository) {
  {
    const MutexLock lock(mutex_);
    const auto entry = entries_.find(repository.name.value());
    if (entry != entries_.end() && entry->second.repository_etag == repository.etag()) {
      const bool rests = !entry->second.failure.ok() &&
                         options_.now() - entry->second.failed_at < options_.refresh_interval / 10;
      if (entry->second.made_room || rests) return;
    }
  }
  // What goes wrong is in the repository's status, and in the log.
  Find(repository, Freshness::kRecent).IgnoreError();
}

void RepositoryIndexes::Retain(const std::vector<ChartRepository>& repositories) {
  std::set<std::string_view> names;
  for (const ChartRepository& repository : repositories) names.insert(repository.name.value());
  const MutexLock lock(mutex_);
  std::erase_if(entries_, [&](const auto& entry) {
    return !entry.second.fetching && !names.contains(entry.first);
  });
}

std::size_t RepositoryIndexes::memory_bytes() const {
  const MutexLock lock(mutex_);
  return MemoryBytes();
}

// What is in memory if it will do, else what a fetch brings: this call's, or that of another call
// that is under way.
absl::StatusOr<RepositoryIndexes::Index> RepositoryIndexes::Find(const ChartRepository& repository,
                                                                 Freshness freshness) {
  const auto deadline = std::chrono::steady_clock::now() + 2 * options_.fetch_timeout;
  std::string known_etag;
  {
    const MutexLock lock(mutex_);
    const std::uint64_t before = finished_;
    while (true) {
      Entry& entry = entries_[repository.name.value()];
      if (!entry.fetching && entry.repository_etag != repository.etag()) {
        entry = Entry{.repository_etag = repository.etag()};
      }
      if (!entry.fetching && IsSettled(entry, freshness, before)) return Outcome(entry, freshness);
      if (!entry.fetching && fetches_ < kMostFetches) {
        entry.fetching = true;
        ++fetches_;
        if (entry.index != nullptr) known_etag = entry.etag;
        break;
      }
      if (!changed_.WaitUntil(mutex_, deadline)) {
        return Error(absl::StatusCode::kDeadlineExceeded, Reason::ERROR_REASON_OPERATION_TIMEOUT,
                     "too many indexes are being fetched");
      }
    }
  }
  const absl::StatusOr<Fetched> fetched = Fetch(repository, known_etag);
  WriteState(repository, fetched);
  const MutexLock lock(mutex_);
  return Settle(repository, fetched, freshness);
}

// Whether there is nothing to be gained by a fetch.
bool RepositoryIndexes::IsSettled(const Entry& entry, Freshness freshness,
                                  std::uint64_t before) const {
  if (entry.finished > before) return true;
  if (freshness == Freshness::kNow || entry.finished == 0) return false;
  if (!entry.failure.ok()) return options_.now() - entry.failed_at < options_.retry_after;
  return entry.index != nullptr && options_.now() - entry.fetched_at < options_.refresh_interval;
}

absl::StatusOr<RepositoryIndexes::Index> RepositoryIndexes::Outcome(const Entry& entry,
                                                                    Freshness freshness) {
  const bool old_one_will_do = freshness == Freshness::kRecent && entry.index != nullptr;
  if (entry.failure.ok() || old_one_will_do) return entry.index;
  return entry.failure;
}

// Takes over what this call's fetch brought.
absl::StatusOr<RepositoryIndexes::Index> RepositoryIndexes::Settle(
    const ChartRepository& repository, const absl::StatusOr<Fetched>& fetched,
    Freshness freshness) {
  Entry& entry = entries_[repository.name.value()];
  entry.fetching = false;
  --fetches_;
  entry.finished = ++finished_;
  entry.failure = fetched.status();
  if (fetched.ok()) {
    entry.fetched_at = options_.now();
    entry.etag = fetched->etag;
    if (fetched->index != nullptr) entry.index = fetched->index;
    entry.made_room = false;
    MakeRoom(entry);
  } else {
    entry.failed_at = options_.now();
  }
  changed_.NotifyAll();
  return Outcome(entry, freshness);
}

// Lets go of the indexes used longest ago until the rest fits; `keep` stays.
void RepositoryIndexes::MakeRoom(const Entry& keep) {
  while (MemoryBytes() > max_memory_) {
    Entry* oldest = nullptr;
    for (auto& [name, entry] : entries_) {
      // One that is being fetched may turn out to be unchanged.
      if (&entry == &keep || entry.index == nullptr || entry.fetching) continue;
      if (oldest == nullptr || entry.used_at < oldest->used_at) oldest = &entry;
    }
    if (oldest == nullptr) return;
    oldest->index = nullptr;
    oldest->made_room = true;
  }
}

std::size_t RepositoryIndexes::MemoryBytes() const {
  std::size_t sum = 0;
  for (const auto& [name, entry] : entries_) {
    if (entry.index != nullptr) sum += entry.index->memory_bytes();
  }
  return sum;
}

absl::StatusOr<RepositoryIndexes::Fetched> RepositoryIndexes::Fetch(
    const ChartRepository& repository, const std::string& known_etag) {
  FetchRequest request{.url = repository.url.File("index.yaml"),
                       .if_none_match = known_etag,
                       .max_bytes = static_cast<std::size_t>(options_.max_index_bytes),
                       .accept_compressed = true,
                       .credentials_for_redirects = repository.pass_credentials,
                       .allow_plain_http = repository.url.scheme() == "http",
                       .may_fetch = [this](std::string_view url) { return policy_.CheckUrl(url); },
                       .deadline = std::chrono::steady_clock::now() + options_.fetch_timeout};
  RETURN_IF_ERROR(policy_.CheckUrl(request.url));
  ASSIGN_OR_RETURN(request.credentials, store_.ReadCredentials(repository));
  ASSIGN_OR_RETURN(FetchResponse response, fetcher_.Get(request));
  if (response.status == http::kNotModified && !known_etag.empty())
    return Fetched{.etag = known_etag};
  if (response.status != http::kOk) return AnswerError(response.status);
  absl::StatusOr<ChartIndex> index = ReadIndex(response.body, max_memory_);
  if (!index.ok()) return ReadError(index.status());
  if (response.etag.size() > kLongestEtag) response.etag.clear();
  return Fetched{.index = std::make_shared<const ChartIndex>(*std::move(index)),
                 .etag = std::move(response.etag)};
}

void RepositoryIndexes::WriteState(const ChartRepository& repository,
                                   const absl::StatusOr<Fetched>& fetched) {
  // The counts of an index that is unchanged stand there already, of whoever read it first.
  RefreshState state = repository.state;
  state.ready = fetched.ok();
  if (fetched.ok()) {
    state.reason = "Refreshed";
    state.message = "the index is read";
    state.time =
        std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    state.etag = fetched->etag;
    if (fetched->index != nullptr) {
      state.charts = static_cast<std::int64_t>(fetched->index->charts().size());
      state.versions = static_cast<std::int64_t>(fetched->index->version_count());
    }
  } else {
    state.reason = ConditionReason(ReasonOf(fetched.status()));
    state.message =
        operation::ClippedText(std::string(fetched.status().message()), kLongestMessage);
    log::Warning("chart repository not refreshed",
                 {{"repository", repository.name.value()}, {"error", Describe(fetched.status())}});
  }
  const absl::Status written = store_.WriteState(repository, state);
  if (!written.ok()) {
    log::Warning("state of a chart repository not written",
                 {{"repository", repository.name.value()}, {"error", Describe(written)}});
  }
}

}  // namespace berth::helm
