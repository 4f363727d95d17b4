#include "port-service/adapters/claim_cache.h"

#include <algorithm>
#include <utility>

#include "common/kube/cache_watch.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/pool/exposure_ref.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "port-service/adapters/claim_json.h"
#include "port-service/domain/claim_key.h"
#include "port-service/domain/quota.h"

namespace berth::port {
namespace {

constexpr char kByRequest[] = "request";
constexpr char kByKey[] = "key";
constexpr char kByQuota[] = "quota";
constexpr char kRestingByOwner[] = "resting";

/// Neither part holds a space.
std::string RequestKey(const std::string& owner, const std::string& request_id) {
  return owner + " " + request_id;
}

std::vector<std::string> RequestKeys(const kube::Json& object) {
  return {RequestKey(kube::StringAt(object, {"spec", "owner"}),
                     kube::StringAt(object, {"spec", "requestId"}))};
}

std::vector<std::string> ClaimKeys(const kube::Json& object) {
  return {kube::Label(object, kClaimKeyLabel).value_or("")};
}

std::string QuotaKey(const std::string& pool, const std::string& quota_namespace) {
  return pool + " " + quota_namespace;
}

std::vector<std::string> QuotaKeys(const kube::Json& object) {
  const std::optional<pool::ExposureRef> exposure = pool::ParseExposureRef(object);
  return {
      QuotaKey(kube::StringAt(object, {"spec", "poolRef", "name"}),
               QuotaNamespace(kube::StringAt(object, {"spec", "owner"}),
                              exposure.has_value() ? std::optional<std::string_view>(exposure->ns)
                                                   : std::nullopt))};
}

std::string OwnerKey(const std::string& pool, const std::string& owner) {
  return pool + " " + owner;
}

std::vector<std::string> RestingKeys(const kube::Json& object) {
  if (kube::StringAt(object, {"spec", "state"}) != ToString(ClaimState::kQuarantined)) {
    return {};
  }
  return {OwnerKey(kube::StringAt(object, {"spec", "poolRef", "name"}),
                   kube::StringAt(object, {"spec", "owner"}))};
}

// A pool may have tens of thousands of claims: only what ParseClaim and the indexes read is kept.
void KeepWhatIsRead(kube::Json& object) {
  for (const char* field : {"apiVersion", "kind", "status"}) {
    object.erase(field);
  }
  for (const char* field : {"creationTimestamp", "finalizers", "generation"}) {
    object["metadata"].erase(field);
  }
}

std::vector<Claim> ParseClaims(const std::vector<kube::Cache::Object>& objects) {
  std::vector<Claim> claims;
  for (const kube::Cache::Object& object : objects) {
    if (absl::StatusOr<Claim> claim = ParseClaim(*object); claim.ok()) {
      claims.push_back(*std::move(claim));
    }
  }
  return claims;
}

/// Null for one that cannot be read.
std::shared_ptr<const Claim> ReadClaim(const kube::Json& object) {
  absl::StatusOr<Claim> claim = ParseClaim(object);
  return claim.ok() ? std::make_shared<const Claim>(*std::move(claim)) : nullptr;
}

class CachedClaimWatch final : public ClaimWatch {
 public:
  CachedClaimWatch(kube::Cache& cache, const std::shared_ptr<ClaimWatcher>& watcher)
      : watch_(cache,
               {.read = ReadClaim,
                .on_snapshot = [watcher](const auto& claims) { watcher->OnSnapshot(claims); },
                .on_change = [watcher](const auto& before,
                                       const auto& after) { watcher->OnChange(before, after); }}) {}

 private:
  kube::CacheWatch<Claim> watch_;
};

pool::PortsByProtocol& PortsFor(ClaimedPorts& ports, ClaimState state) {
  return state == ClaimState::kQuarantined ? ports.quarantined : ports.used;
}

}  // namespace

ClaimCache::ClaimCache(kube::Client& client, Options options)
    : client_(client),
      options_(std::move(options)),
      cache_(client, {.resource = kube::kPortClaims,
                      .ns = options_.ns,
                      .transform = KeepWhatIsRead,
                      .indexes = {{kByRequest, RequestKeys},
                                  {kByKey, ClaimKeys},
                                  {kByQuota, QuotaKeys},
                                  {kRestingByOwner, RestingKeys}}}) {
  subscription_ = cache_.AddListener({
      .on_change = [this](const kube::Cache::Change& change) { Follow(change); },
      .on_rewound =
          [this] {
            if (options_.on_rewound) {
              options_.on_rewound();
            }
          },
  });
}

std::vector<Claim> ClaimCache::FindByRequest(const Owner& owner, const RequestId& request_id) {
  return ParseClaims(cache_.ByIndex(kByRequest, RequestKey(owner.value(), request_id.value())));
}

std::vector<Claim> ClaimCache::FindResting(const pool::PoolName& pool, const Owner& owner) {
  return ParseClaims(cache_.ByIndex(kRestingByOwner, OwnerKey(pool.value(), owner.value())));
}

absl::StatusOr<std::vector<Claim>> ClaimCache::FindDuplicates(const Claim& claim) {
  const std::string key = ClaimKey(claim);
  if (auto claims = WaitAndFind(claim, kByKey, key); claims.has_value()) {
    return *std::move(claims);
  }
  ASSIGN_OR_RETURN(const kube::ObjectList list,
                   client_.List(kube::kPortClaims, options_.ns,
                                {.label_selector = std::string(kClaimKeyLabel) + "=" + key}));
  std::vector<Claim> claims;
  for (const kube::Json& item : list.items) {
    ASSIGN_OR_RETURN(Claim other, ParseClaim(item));
    claims.push_back(std::move(other));
  }
  return claims;
}

absl::StatusOr<std::vector<Claim>> ClaimCache::FindSameRequest(const Claim& claim) {
  const std::string key = RequestKey(claim.owner.value(), claim.request_id.value());
  if (auto claims = WaitAndFind(claim, kByRequest, key); claims.has_value()) {
    return *std::move(claims);
  }
  return ListByKey(RequestKeys, key);
}

absl::StatusOr<std::vector<Claim>> ClaimCache::FindByQuota(const Claim& claim) {
  const std::string key = QuotaKey(claim.name.pool().value(), QuotaNamespace(claim));
  if (auto claims = WaitAndFind(claim, kByQuota, key); claims.has_value()) {
    return *std::move(claims);
  }
  return ListByKey(QuotaKeys, key);
}

/// The claims under a key of an index, read from the API server.
absl::StatusOr<std::vector<Claim>> ClaimCache::ListByKey(const kube::Cache::KeyFunction& keys_of,
                                                         const std::string& key) {
  ASSIGN_OR_RETURN(const kube::ObjectList list, client_.List(kube::kPortClaims, options_.ns));
  std::vector<Claim> claims;
  for (const kube::Json& item : list.items) {
    if (keys_of(item).front() == key) {
      ASSIGN_OR_RETURN(Claim other, ParseClaim(item));
      claims.push_back(std::move(other));
    }
  }
  return claims;
}

std::optional<std::vector<Claim>> ClaimCache::WaitAndFind(const Claim& claim,
                                                          const std::string& index,
                                                          const std::string& key) {
  const auto deadline = std::chrono::steady_clock::now() + options_.watch_patience;
  if (!cache_.WaitForResourceVersion(claim.resource_version, deadline).ok()) {
    return std::nullopt;
  }
  std::vector<Claim> claims = ParseClaims(cache_.ByIndex(index, key));
  const bool shown = std::any_of(claims.begin(), claims.end(),
                                 [&](const Claim& other) { return other.uid == claim.uid; });
  return shown ? std::optional(std::move(claims)) : std::nullopt;
}

ClaimedPorts ClaimCache::PortsOf(const pool::PoolName& pool) {
  MutexLock lock(mutex_);
  const auto found = ports_.find(pool);
  return found == ports_.end() ? ClaimedPorts() : found->second;
}

absl::StatusOr<std::vector<Claim>> ClaimCache::List() {
  if (!cache_.synced()) {
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                 "the claims have not been read yet")
        .WithRetryAfter(std::chrono::seconds(1));
  }
  return ParseClaims(cache_.List());
}

std::unique_ptr<ClaimWatch> ClaimCache::Watch(std::shared_ptr<ClaimWatcher> watcher) {
  return std::make_unique<CachedClaimWatch>(cache_, watcher);
}

std::optional<pool::PoolName> ClaimCache::LastPool(const Owner& owner) const {
  kube::Cache::Object last;
  std::uint64_t last_revision = 0;
  for (const kube::Cache::Object& object : cache_.List()) {
    if (kube::StringAt(*object, {"spec", "owner"}) != owner.value()) {
      continue;
    }
    const std::uint64_t revision =
        kube::ParseResourceVersion(kube::ResourceVersion(*object)).value_or(0);
    if (last == nullptr || last_revision < revision) {
      last = object;
      last_revision = revision;
    }
  }
  const std::shared_ptr<const Claim> claim = last == nullptr ? nullptr : ReadClaim(*last);
  return claim != nullptr ? std::optional(claim->name.pool()) : std::nullopt;
}

std::optional<Claim> ClaimCache::Find(const std::string& name) const {
  const kube::Cache::Object object = cache_.Get({options_.ns, name});
  const std::shared_ptr<const Claim> claim = object == nullptr ? nullptr : ReadClaim(*object);
  return claim != nullptr ? std::optional(*claim) : std::nullopt;
}

void ClaimCache::Follow(const kube::Cache::Change& change) {
  {
    MutexLock lock(mutex_);
    if (change.before != nullptr) {
      if (const absl::StatusOr<Claim> before = ParseClaim(*change.before); before.ok()) {
        PortsFor(ports_[before->name.pool()], before->state)
            .Of(before->name.protocol())
            .Erase(before->name.port());
      }
    }
    if (change.after != nullptr) {
      if (const absl::StatusOr<Claim> after = ParseClaim(*change.after); after.ok()) {
        PortsFor(ports_[after->name.pool()], after->state)
            .Of(after->name.protocol())
            .Insert(after->name.port());
      } else {
        log::Warning("claim cannot be read", {{"error", Describe(after.status())}});
      }
    }
  }
  if (change.after != nullptr && options_.on_change) {
    options_.on_change(kube::Name(*change.after));
  }
}

}  // namespace berth::port
