#include "helm-service/adapters/cached_release_catalog.h"

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/adapters/release_secret.h"

namespace berth::helm {
namespace {

// Bodies read side by side: enough to keep one API server busy without being its only client.
constexpr int kReaders = 4;
constexpr std::chrono::seconds kListPatience{5};
constexpr std::chrono::seconds kRetry{1};

// The least that an index needs of each of many thousand Secrets.
void KeepTheLeast(kube::Json& secret) {
  kube::Json least = {{"name", kube::Name(secret)},
                      {"namespace", kube::Namespace(secret)},
                      {"resourceVersion", kube::ResourceVersion(secret)},
                      {"labels", kube::Labels(secret)}};
  secret = kube::Json{{"metadata", std::move(least)}};
}

kube::Cache::Options CacheOptions() {
  return {.resource = kube::kSecrets,
          .field_selector = std::string(kReleaseFieldSelector),
          .form = kube::Form::kMetadata,
          .transform = KeepTheLeast};
}

std::optional<ReleaseSummary> SummaryIn(const kube::Cache::Object& secret) {
  return secret == nullptr ? std::nullopt : SummaryOf(*secret);
}

absl::Status NotReady(std::string_view text) {
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY, text)
      .WithRetryAfter(std::chrono::seconds(1));
}

// Waits; sooner over when stopped.
void Pause(const std::stop_token& stop, std::chrono::seconds time) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, time, [] { return false; });
}

void KeepMatching(std::vector<Summary>& releases, const ReleaseFilter& filter) {
  std::erase_if(releases, [&](const Summary& release) { return !Matches(filter, *release); });
}

}  // namespace

CachedReleaseCatalog::CachedReleaseCatalog(kube::Client& client, ReleaseFacts& facts)
    : facts_(facts), index_(feed_), cache_(client, CacheOptions()) {
  subscription_ =
      cache_.AddListener({.on_change = [this](const kube::Cache::Change& change) { Take(change); },
                          .on_synced = [this] { index_.MarkComplete(); },
                          .on_rewound = [this] { Rewound(); }});
}

CachedReleaseCatalog::~CachedReleaseCatalog() {
  cache_.Stop();
  index_.Stop();
  readers_.clear();
  feed_.Stop();
}

void CachedReleaseCatalog::Start() {
  feed_.Start();
  cache_.Start();
  for (int i = 0; i < kReaders; ++i) {
    readers_.emplace_back([this](const std::stop_token& stop) { ReadBodies(stop); });
    pthread_setname_np(readers_.back().native_handle(), "release-bodies");
  }
}

void CachedReleaseCatalog::Take(const kube::Cache::Change& change) {
  const std::optional<ReleaseSummary> before = SummaryIn(change.before);
  std::optional<ReleaseSummary> after = SummaryIn(change.after);
  if (before.has_value() && !after.has_value()) index_.Remove(before->key, before->info.revision);
  if (!after.has_value()) return;
  index_.Put({.key = std::move(after->key),
              .info = after->info,
              .version = after->version,
              .labels = std::move(after->labels)});
}

void CachedReleaseCatalog::Rewound() {
  facts_.Forget();
  index_.ForgetFacts();
}

void CachedReleaseCatalog::ReadBodies(const std::stop_token& stop) {
  while (const auto wanted = index_.TakeWanted()) {
    const auto found = facts_.Read(wanted->key, wanted->revision, wanted->version);
    if (found.ok()) {
      index_.Settle(*wanted, found->version == wanted->version ? found->facts : nullptr);
    } else if (kube::IsNotFound(found.status())) {
      index_.Settle(*wanted, nullptr);
    } else {
      log::Warning("release not read", {{"namespace", wanted->key.ns.value()},
                                        {"name", wanted->key.name.value()},
                                        {"error", Describe(found.status())}});
      Pause(stop, kRetry);
      index_.GiveBack(*wanted);
    }
  }
}

absl::Status CachedReleaseCatalog::WaitFor(const ConsistencyToken& token, Deadline deadline) {
  if (token.removed.has_value()) {
    if (index_.WaitUntilRemoved(*token.removed, token.version, deadline)) return absl::OkStatus();
    return NotReady("this replica has not heard of the removal yet; repeat the call");
  }
  absl::Status status = cache_.WaitForResourceVersion(std::to_string(token.version), deadline);
  if (status.ok()) status = cache_.WaitForListeners(deadline);
  if (status.ok()) return status;
  return NotReady("this replica has not heard of the state asked for yet; repeat the call");
}

absl::StatusOr<ReleasePage> CachedReleaseCatalog::List(const Request& request) {
  if (!cache_.synced()) return NotReady("the releases have not been read yet");
  const Deadline deadline = std::chrono::steady_clock::now() + kListPatience;
  if (request.at_least.has_value()) RETURN_IF_ERROR(WaitFor(*request.at_least, deadline));

  std::vector<Summary> releases = index_.List(request.filter.namespaces);
  if (NeedsFacts(request.filter) || request.order.field == ReleaseOrder::Field::kDeployTime) {
    ASSIGN_OR_RETURN(releases, index_.WithFacts(releases, deadline));
  }
  KeepMatching(releases, request.filter);
  ReleasePage page = SelectPage(std::move(releases), request.order, request.after, request.limit);
  ASSIGN_OR_RETURN(page.releases, index_.WithFacts(page.releases, deadline));
  KeepMatching(page.releases, request.filter);
  return page;
}

}  // namespace berth::helm
