#include "helm-service/domain/release_index.h"

#include <algorithm>
#include <utility>

#include "common/status/status.h"

namespace berth::helm {
namespace {

absl::Status BodiesNotRead() {
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE,
               "some releases' bodies could not be read in time; repeat the call")
      .WithRetryAfter(std::chrono::seconds(1));
}

}  // namespace

void ReleaseIndex::Put(StoredRevision revision) {
  const MutexLock lock(mutex_);
  Entry& entry = entries_[revision.key];
  entry.revisions[revision.info.revision] = {.status = revision.info.status,
                                             .version = revision.version,
                                             .labels = std::move(revision.labels)};
  Refresh(revision.key, entry);
}

void ReleaseIndex::Remove(const ReleaseKey& key, int revision) {
  const MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  found->second.revisions.erase(revision);
  if (!found->second.revisions.empty()) {
    Refresh(key, found->second);
  } else {
    entries_.erase(found);
    feed_.Withdraw(key);
    NoteKnown(key);
  }
  changed_.NotifyAll();
}

void ReleaseIndex::Refresh(const ReleaseKey& key, Entry& entry) {
  const auto& [number, revision] = *entry.revisions.rbegin();
  const Summary& before = entry.newest;
  if (before != nullptr && before->info.revision == number && before->version == revision.version) {
    return;
  }
  entry.newest = std::make_shared<const ReleaseSummary>(
      ReleaseSummary{.key = key,
                     .info = {.revision = number, .status = revision.status},
                     .version = revision.version,
                     .labels = revision.labels,
                     .facts = nullptr});
  wanted_.push_back(key);
  has_wanted_.NotifyOne();
}

void ReleaseIndex::MarkComplete() {
  const MutexLock lock(mutex_);
  if (std::exchange(complete_, true)) return;
  for (const auto& [key, entry] : entries_) {
    if (entry.newest->facts == nullptr) before_opening_.insert(key);
  }
  if (before_opening_.empty()) feed_.Open();
}

void ReleaseIndex::ForgetFacts() {
  const MutexLock lock(mutex_);
  for (auto& [key, entry] : entries_) {
    ReleaseSummary bare = *entry.newest;
    bare.facts = nullptr;
    entry.newest = std::make_shared<const ReleaseSummary>(std::move(bare));
    wanted_.push_back(key);
  }
  has_wanted_.NotifyAll();
}

std::vector<Summary> ReleaseIndex::List(const std::set<NamespaceName>& namespaces) const {
  const MutexLock lock(mutex_);
  std::vector<Summary> releases;
  for (const auto& [key, entry] : entries_) {
    if (namespaces.empty() || namespaces.contains(key.ns)) releases.push_back(entry.newest);
  }
  return releases;
}

std::optional<int> ReleaseIndex::NewestRevision(const ReleaseKey& key) const {
  const MutexLock lock(mutex_);
  if (!complete_) return std::nullopt;
  const auto found = entries_.find(key);
  return found == entries_.end() ? 0 : found->second.newest->info.revision;
}

bool ReleaseIndex::LacksFacts(const ReleaseKey& key) const {
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.newest->facts == nullptr;
}

absl::StatusOr<std::vector<Summary>> ReleaseIndex::WithFacts(const std::vector<Summary>& releases,
                                                             Deadline deadline) {
  const MutexLock lock(mutex_);
  for (const Summary& release : releases) {
    if (LacksFacts(release->key)) wanted_.push_front(release->key);
  }
  has_wanted_.NotifyAll();
  std::vector<Summary> described;
  described.reserve(releases.size());
  for (const Summary& release : releases) {
    while (LacksFacts(release->key)) {
      if (stopped_ || !changed_.WaitUntil(mutex_, deadline)) return BodiesNotRead();
    }
    const auto found = entries_.find(release->key);
    if (found != entries_.end()) described.push_back(found->second.newest);
  }
  return described;
}

bool ReleaseIndex::WaitUntilRemoved(const ReleaseKey& key, std::uint64_t version,
                                    Deadline deadline) {
  const auto is_left = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = entries_.find(key);
    return found != entries_.end() &&
           std::any_of(found->second.revisions.begin(), found->second.revisions.end(),
                       [&](const auto& stored) { return stored.second.version <= version; });
  };
  const MutexLock lock(mutex_);
  while (is_left()) {
    if (stopped_ || !changed_.WaitUntil(mutex_, deadline)) return !is_left();
  }
  return true;
}

std::optional<ReleaseIndex::Wanted> ReleaseIndex::TakeWanted() {
  const MutexLock lock(mutex_);
  while (!stopped_) {
    if (wanted_.empty()) {
      has_wanted_.Wait(mutex_);
      continue;
    }
    const ReleaseKey key = std::move(wanted_.front());
    wanted_.pop_front();
    if (!LacksFacts(key) || !taken_.insert(key).second) continue;
    const ReleaseSummary& release = *entries_.at(key).newest;
    return Wanted{.key = key, .revision = release.info.revision, .version = release.version};
  }
  return std::nullopt;
}

void ReleaseIndex::Settle(const Wanted& wanted, std::shared_ptr<const RevisionFacts> facts) {
  const MutexLock lock(mutex_);
  taken_.erase(wanted.key);
  const auto found = entries_.find(wanted.key);
  if (found == entries_.end()) return;
  Summary& newest = found->second.newest;
  if (newest->version != wanted.version) {
    // Put again while it was taken.
    wanted_.push_back(wanted.key);
    has_wanted_.NotifyOne();
    return;
  }
  if (facts == nullptr) return;
  ReleaseSummary described = *newest;
  described.facts = std::move(facts);
  newest = std::make_shared<const ReleaseSummary>(std::move(described));
  feed_.Publish(newest);
  NoteKnown(wanted.key);
  changed_.NotifyAll();
}

void ReleaseIndex::GiveBack(const Wanted& wanted) {
  const MutexLock lock(mutex_);
  taken_.erase(wanted.key);
  wanted_.push_back(wanted.key);
  has_wanted_.NotifyOne();
}

void ReleaseIndex::NoteKnown(const ReleaseKey& key) {
  if (before_opening_.erase(key) > 0 && before_opening_.empty()) feed_.Open();
}

void ReleaseIndex::Stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
  changed_.NotifyAll();
  has_wanted_.NotifyAll();
}

}  // namespace berth::helm
