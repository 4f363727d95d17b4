#include "ingress-service/adapters/kube_rule_objects.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/pool/labels.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

// Long enough for a first list, short enough for a program that is to stop: whoever is turned away
// is called again by on_synced.
constexpr std::chrono::milliseconds kPatience{500};

}  // namespace

// A watch. Its subscription ends before its cache.
struct KubeRuleObjects::Watched {
  RuleObjectKind kind;
  std::unique_ptr<kube::Cache> cache;
  kube::Cache::Subscription subscription;
};

KubeRuleObjects::KubeRuleObjects(kube::Client& client, Options options)
    : client_(client), options_(std::move(options)) {}

KubeRuleObjects::~KubeRuleObjects() = default;

void KubeRuleObjects::Stop() {
  std::vector<std::shared_ptr<Watched>> watched;
  {
    MutexLock lock(mutex_);
    watched.swap(watched_);
  }
}

absl::Status KubeRuleObjects::Follow(const std::vector<RuleObjectKind>& kinds) {
  // Ending a watch waits for its threads, so that happens without the mutex.
  std::vector<std::shared_ptr<Watched>> before;
  std::vector<std::shared_ptr<Watched>> now;
  {
    MutexLock lock(mutex_);
    before = watched_;
    for (const RuleObjectKind& kind : kinds) {
      const auto found = std::find_if(before.begin(), before.end(),
                                      [&](const auto& watched) { return watched->kind == kind; });
      now.push_back(found == before.end() ? Begin(kind) : *found);
    }
    watched_ = now;
  }
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (const std::shared_ptr<Watched>& watched : now) {
    if (!watched->cache->WaitForSync(deadline).ok()) {
      return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                   fmt::format("{} have not been read: {}", watched->kind.resource.plural,
                               std::string(watched->cache->health().message())));
    }
  }
  return absl::OkStatus();
}

std::vector<RuleObjects::Object> KubeRuleObjects::Cached(const RuleObjectKind& kind) const {
  MutexLock lock(mutex_);
  for (const std::shared_ptr<Watched>& watched : watched_) {
    if (watched->kind == kind) {
      return watched->cache->List();
    }
  }
  return {};
}

absl::StatusOr<std::vector<kube::Json>> KubeRuleObjects::List(
    const RuleObjectKind& kind, const std::vector<std::string>& claim_uids) {
  ASSIGN_OR_RETURN(kube::ObjectList list,
                   client_.List(kind.resource, kind.ns,
                                {.label_selector = fmt::format("{} in ({})", pool::kClaimUidLabel,
                                                               fmt::join(claim_uids, ","))}));
  return std::move(list.items);
}

absl::StatusOr<std::optional<kube::Json>> KubeRuleObjects::Get(const kube::Resource& resource,
                                                               const kube::ObjectName& name) {
  absl::StatusOr<kube::Json> object = client_.Get(resource, name);
  if (kube::IsNotFound(object.status())) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(object.status());
  return *std::move(object);
}

absl::StatusOr<std::optional<kube::Json>> KubeRuleObjects::Put(const kube::Resource& resource,
                                                               const kube::Json& object,
                                                               std::chrono::milliseconds time) {
  const bool is_new = kube::ResourceVersion(object).empty();
  const kube::WriteOptions options{.call = {.timeout = time}};
  absl::StatusOr<kube::Json> stored = is_new ? client_.Create(resource, object, options)
                                             : client_.Update(resource, object, options);
  const bool lost = is_new ? kube::IsAlreadyExists(stored.status())
                           : kube::IsConflict(stored.status()) || kube::IsNotFound(stored.status());
  if (lost) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(stored.status());
  return *std::move(stored);
}

absl::Status KubeRuleObjects::Delete(const kube::Resource& resource, const kube::Json& object,
                                     DeleteIf condition) {
  kube::Preconditions preconditions{.uid = kube::Uid(object)};
  if (condition == DeleteIf::kUnchanged) {
    preconditions.resource_version = kube::ResourceVersion(object);
  }
  const absl::Status deleted = client_.Delete(resource, kube::NameOf(object), preconditions);
  return kube::IsNotFound(deleted) ? absl::OkStatus() : deleted;
}

std::shared_ptr<KubeRuleObjects::Watched> KubeRuleObjects::Begin(const RuleObjectKind& kind) {
  auto watched = std::make_shared<Watched>();
  watched->kind = kind;
  watched->cache = std::make_unique<kube::Cache>(
      client_, kube::Cache::Options{.resource = kind.resource,
                                    .ns = kind.ns,
                                    .label_selector = std::string(pool::kClaimUidLabel)});
  watched->subscription = watched->cache->AddListener({
      .on_change = [this](const kube::Cache::Change& change) { Tell(change); },
      .on_synced = [this] { options_.on_synced(); },
  });
  watched->cache->Start();
  return watched;
}

void KubeRuleObjects::Tell(const kube::Cache::Change& change) const {
  const kube::Json& object = change.after != nullptr ? *change.after : *change.before;
  if (const auto rule = RuleOf(object, options_.ns)) {
    options_.on_change(rule->pool().value());
  }
}

}  // namespace berth::ingress
