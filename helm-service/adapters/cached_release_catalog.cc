#include "helm-service/adapters/cached_release_catalog.h"

#include <map>
#include <memory>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/adapters/release_secret.h"

namespace berth::helm {
namespace {

kube::Cache::Options CacheOptions() {
  return {.resource = kube::kSecrets,
          .field_selector = std::string(kReleaseFieldSelector),
          .form = kube::Form::kMetadata};
}

struct Newest {
  ReleaseKey key;
  RevisionInfo info;
  kube::Cache::Object secret;
};

// The newest revision of each release after `after`, by order key.
std::map<std::string, Newest> NewestRevisions(const std::vector<kube::Cache::Object>& secrets,
                                              const std::string& after) {
  std::map<std::string, Newest> newest;
  for (const kube::Cache::Object& secret : secrets) {
    std::optional<ReleaseKey> key = ReleaseKeyOf(*secret);
    const std::optional<RevisionInfo> info = RevisionInfoOf(*secret);
    if (!key.has_value() || !info.has_value()) continue;
    std::string order = ReleaseCatalog::OrderKey(*key);
    if (order <= after) continue;
    const auto found = newest.find(order);
    if (found == newest.end()) {
      newest.emplace(std::move(order), Newest{*std::move(key), *info, secret});
    } else if (info->revision > found->second.info.revision) {
      found->second.info = *info;
      found->second.secret = secret;
    }
  }
  return newest;
}

}  // namespace

CachedReleaseCatalog::CachedReleaseCatalog(kube::Client& client, std::size_t remembered)
    : client_(client), remembered_limit_(remembered), cache_(client, CacheOptions()) {}

absl::StatusOr<std::vector<Release>> CachedReleaseCatalog::List(
    const std::optional<NamespaceName>& ns, const std::string& after, std::size_t limit) {
  if (!cache_.synced()) {
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                 "the releases have not been read yet")
        .WithRetryAfter(std::chrono::seconds(1));
  }
  const std::vector<kube::Cache::Object> secrets =
      ns.has_value() ? cache_.ListNamespace(ns->value()) : cache_.List();
  std::vector<Release> releases;
  for (const auto& [order, newest] : NewestRevisions(secrets, after)) {
    if (releases.size() == limit) break;
    absl::StatusOr<Release> release = Describe(newest.key, *newest.secret);
    if (kube::IsNotFound(release.status())) continue;  // removed since the copy heard of it
    // A body that Helm would not read either: what the labels say is still true.
    if (absl::IsDataLoss(release.status())) release = Release{.key = newest.key};
    if (!release.ok()) return release.status();
    release->newest = newest.info;
    releases.push_back(*std::move(release));
  }
  return releases;
}

absl::StatusOr<Release> CachedReleaseCatalog::Describe(const ReleaseKey& key,
                                                       const kube::Json& metadata) {
  const BodyId id = kube::Uid(metadata) + "/" + kube::ResourceVersion(metadata);
  if (std::optional<Release> known = Recall(id)) return *std::move(known);
  ASSIGN_OR_RETURN(const kube::Json secret, client_.Get(kube::kSecrets, kube::NameOf(metadata),
                                                        {.consistency = kube::Consistency::kAny}));
  ASSIGN_OR_RETURN(Release release, ReadReleaseSecret(key, secret));
  release.notes.clear();
  Remember(id, release);
  return release;
}

std::optional<Release> CachedReleaseCatalog::Recall(const BodyId& id) {
  const MutexLock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return std::nullopt;
  remembered_.splice(remembered_.begin(), remembered_, found->second);
  return found->second->second;
}

void CachedReleaseCatalog::Remember(const BodyId& id, Release release) {
  const MutexLock lock(mutex_);
  if (by_id_.contains(id)) return;
  remembered_.emplace_front(id, std::move(release));
  by_id_[id] = remembered_.begin();
  if (remembered_.size() <= remembered_limit_) return;
  by_id_.erase(remembered_.back().first);
  remembered_.pop_back();
}

}  // namespace berth::helm
