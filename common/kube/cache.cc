#include "common/kube/cache.h"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "common/kube/change_dispatcher.h"
#include "common/kube/jitter.h"
#include "common/kube/object.h"
#include "common/kube/object_store.h"
#include "common/status/macros.h"
#include "common/sync/mutex.h"

namespace berth::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Bookmarks come about once a minute: a watch that is silent for longer than two is not trusted.
constexpr auto kMaxSilence = std::chrono::seconds(150);
constexpr auto kPageTimeout = std::chrono::seconds(60);
constexpr auto kBeginTimeout = std::chrono::seconds(30);
constexpr auto kRewindCheckTimeout = std::chrono::seconds(10);
/// A watch that ends sooner than this counts as a failure, so that it is not begun in a tight loop.
constexpr auto kShortWatch = std::chrono::seconds(1);

absl::Status NoWatchYet() { return absl::UnavailableError("not listed yet"); }

}  // namespace

class Cache::Impl {
 public:
  Impl(Client& client, Options options)
      : client_(client), options_(std::move(options)), store_(options_.indexes) {}
  ~Impl() { Stop(); }

  void Start();
  void Stop();
  Subscription AddListener(Listener listener);

  template <typename Read>
  auto Reading(Read read) const {
    MutexLock lock(mutex_);
    return read(store_);
  }
  Snapshot TakeSnapshot() const;
  bool synced() const;
  absl::Status WaitForSync(steady_clock::time_point deadline) const;
  absl::Status WaitForResourceVersion(const std::string& resource_version,
                                      steady_clock::time_point deadline) const;
  absl::Status WaitForListeners(steady_clock::time_point deadline) const;
  std::string resource_version() const;
  std::uint64_t last_seen_resource_version() const;
  std::uint64_t rewinds() const;
  absl::Status health() const;

 private:
  /// Until stopped.
  void Run(const std::stop_token& stop);
  /// Lists if that is needed, then watches until the watch ends. OK if it ended in order.
  absl::Status FollowOnce(const std::stop_token& stop);
  absl::Status Relist(const std::stop_token& stop);
  absl::StatusOr<ObjectList> ListPageOrWhole(ListOptions& options);
  absl::Status FollowWatch(const std::stop_token& stop);
  absl::Status Apply(WatchEvent event);
  /// Compares the store's revision now with the highest seen.
  absl::Status CheckForRewind(const std::stop_token& stop);
  void NoteRevision(std::uint64_t revision) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool NoteRewindIfBefore(std::uint64_t revision);
  Object Prepare(Json object) const;
  absl::StatusOr<std::uint64_t> RevisionOf(const std::string& resource_version) const;
  absl::Status Unusable(std::string_view text) const;

  void SetHealth(const absl::Status& status);
  void Sleep(milliseconds wait);
  template <typename Condition>
  absl::Status WaitFor(std::string_view what, steady_clock::time_point deadline,
                       Condition condition) const;
  absl::Status Health() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Client& client_;
  const Options options_;
  mutable ChangeDispatcher dispatcher_;  // waiting for it changes nothing

  mutable Mutex mutex_;
  mutable CondVar changed_;
  ObjectStore store_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool synced_ ABSL_GUARDED_BY(mutex_) = false;
  std::string resource_version_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t revision_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_seen_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t rewinds_ ABSL_GUARDED_BY(mutex_) = 0;
  /// Code and text apart: see Health().
  absl::StatusCode health_code_ ABSL_GUARDED_BY(mutex_) = NoWatchYet().code();
  std::string health_text_ ABSL_GUARDED_BY(mutex_) = std::string(NoWatchYet().message());

  // Of the thread alone.
  bool must_list_ = true;
  bool must_check_for_rewind_ = false;
  bool progress_ = false;

  std::jthread thread_;
};

void Cache::Impl::Start() {
  dispatcher_.Start();
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  pthread_setname_np(thread_.native_handle(), "kube-cache");
}

void Cache::Impl::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  changed_.NotifyAll();
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  dispatcher_.Stop();
}

Cache::Subscription Cache::Impl::AddListener(Listener listener) {
  MutexLock lock(mutex_);
  return Subscription(dispatcher_.Add(std::move(listener), store_.List(), synced_));
}

Cache::Snapshot Cache::Impl::TakeSnapshot() const {
  MutexLock lock(mutex_);
  return {.objects = store_.List(), .resource_version = resource_version_};
}

bool Cache::Impl::synced() const {
  MutexLock lock(mutex_);
  return synced_;
}

template <typename Condition>
absl::Status Cache::Impl::WaitFor(std::string_view what, steady_clock::time_point deadline,
                                  Condition condition) const {
  MutexLock lock(mutex_);
  while (!condition()) {
    if (stopped_) return absl::CancelledError("the cache has stopped");
    if (changed_.WaitUntil(mutex_, deadline) || condition()) continue;
    return absl::DeadlineExceededError(
        fmt::format("the cache of {} does not show {} in time; last: {}", options_.resource.plural,
                    what, health_text_.empty() ? "it is watching" : health_text_));
  }
  return absl::OkStatus();
}

absl::Status Cache::Impl::WaitForSync(steady_clock::time_point deadline) const {
  return WaitFor("its first list", deadline,
                 [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return synced_; });
}

absl::Status Cache::Impl::WaitForResourceVersion(const std::string& resource_version,
                                                 steady_clock::time_point deadline) const {
  const auto revision = ParseResourceVersion(resource_version);
  if (!revision) {
    return absl::InvalidArgumentError(
        fmt::format("'{}' is not a resourceVersion", resource_version));
  }
  return WaitFor(
      fmt::format("resourceVersion {}", resource_version), deadline,
      [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return synced_ && revision_ >= *revision; });
}

absl::Status Cache::Impl::WaitForListeners(steady_clock::time_point deadline) const {
  if (dispatcher_.WaitUntilTold(deadline)) return absl::OkStatus();
  MutexLock lock(mutex_);
  if (stopped_) return absl::CancelledError("the cache has stopped");
  return absl::DeadlineExceededError(fmt::format(
      "the listeners of the cache of {} were not told in time", options_.resource.plural));
}

std::string Cache::Impl::resource_version() const {
  MutexLock lock(mutex_);
  return resource_version_;
}

std::uint64_t Cache::Impl::last_seen_resource_version() const {
  MutexLock lock(mutex_);
  return last_seen_;
}

std::uint64_t Cache::Impl::rewinds() const {
  MutexLock lock(mutex_);
  return rewinds_;
}

absl::Status Cache::Impl::health() const {
  MutexLock lock(mutex_);
  return Health();
}

absl::Status Cache::Impl::Health() const {
  // A new status each time: copies of one share a count, which ThreadSanitizer cannot see into with
  // the distribution's Abseil.
  return {health_code_, health_text_};
}

void Cache::Impl::SetHealth(const absl::Status& status) {
  MutexLock lock(mutex_);
  health_code_ = status.code();
  health_text_ = std::string(status.message());
}

void Cache::Impl::Sleep(milliseconds wait) {
  const auto until = steady_clock::now() + wait;
  MutexLock lock(mutex_);
  while (!stopped_ && steady_clock::now() < until) changed_.WaitUntil(mutex_, until);
}

void Cache::Impl::Run(const std::stop_token& stop) {
  milliseconds backoff = options_.min_backoff;
  while (!stop.stop_requested()) {
    progress_ = false;
    const auto begun = steady_clock::now();
    const absl::Status status = FollowOnce(stop);
    if (!status.ok()) SetHealth(status);
    if (progress_) backoff = options_.min_backoff;
    if (status.ok() && (must_list_ || steady_clock::now() - begun >= kShortWatch)) continue;
    Sleep(Jittered(backoff));
    backoff = std::min(backoff * 2, options_.max_backoff);
  }
}

absl::Status Cache::Impl::FollowOnce(const std::stop_token& stop) {
  if (must_check_for_rewind_) {
    RETURN_IF_ERROR(CheckForRewind(stop));
    must_check_for_rewind_ = false;
  }
  if (must_list_) {
    RETURN_IF_ERROR(Relist(stop));
    must_list_ = false;
  }
  const absl::Status status = FollowWatch(stop);
  if (status.ok()) return status;
  if (IsExpired(status)) {
    must_list_ = true;
    return absl::OkStatus();
  }
  must_check_for_rewind_ = true;
  must_list_ = must_list_ || !kube::IsUnavailable(status);
  return status;
}

absl::StatusOr<ObjectList> Cache::Impl::ListPageOrWhole(ListOptions& options) {
  auto page = client_.ListPage(options_.resource, options_.ns, options);
  if (page.ok() || !IsExpired(page.status()) || options.continue_token.empty()) return page;
  options.page_size = 0;
  options.continue_token.clear();
  return client_.ListPage(options_.resource, options_.ns, options);
}

absl::Status Cache::Impl::Relist(const std::stop_token& stop) {
  ListOptions options{.label_selector = options_.label_selector,
                      .field_selector = options_.field_selector,
                      .form = options_.form,
                      .page_size = options_.page_size,
                      .call = {.timeout = kPageTimeout, .retry = Retry::kNever, .stop = stop}};
  std::vector<Object> objects;
  std::string resource_version;
  do {
    const bool first_or_continued = options.page_size > 0;
    ASSIGN_OR_RETURN(ObjectList page, ListPageOrWhole(options));
    if (first_or_continued && options.page_size == 0) objects.clear();
    for (Json& item : page.items) objects.push_back(Prepare(std::move(item)));
    resource_version = std::move(page.resource_version);
    options.continue_token = std::move(page.continue_token);
  } while (!options.continue_token.empty());
  ASSIGN_OR_RETURN(const std::uint64_t revision, RevisionOf(resource_version));
  NoteRewindIfBefore(revision);

  MutexLock lock(mutex_);
  dispatcher_.TellChanges(store_.ReplaceAll(objects));
  resource_version_ = resource_version;
  revision_ = revision;
  NoteRevision(revision);
  progress_ = true;
  if (!std::exchange(synced_, true)) dispatcher_.TellSynced();
  changed_.NotifyAll();
  return absl::OkStatus();
}

absl::Status Cache::Impl::FollowWatch(const std::stop_token& stop) {
  Watch watch = client_.StartWatch(options_.resource, options_.ns,
                                   {.label_selector = options_.label_selector,
                                    .field_selector = options_.field_selector,
                                    .form = options_.form,
                                    .resource_version = resource_version(),
                                    .stop = stop});
  RETURN_IF_ERROR(watch.Begin(kBeginTimeout));
  SetHealth(absl::OkStatus());
  auto last_heard = steady_clock::now();
  auto next_check = last_heard + options_.rewind_check_interval;
  while (true) {
    const auto now = steady_clock::now();
    auto event =
        watch.Next(std::max(milliseconds(0), std::chrono::ceil<milliseconds>(next_check - now)));
    const bool silent = absl::IsDeadlineExceeded(event.status());
    if (!event.ok() && !silent) return event.status();
    if (event.ok() && !*event) return absl::OkStatus();
    if (event.ok()) {
      RETURN_IF_ERROR(Apply(**std::move(event)));
      last_heard = steady_clock::now();
    }
    if (steady_clock::now() >= next_check) {
      RETURN_IF_ERROR(CheckForRewind(stop));
      if (must_list_) return absl::OkStatus();
      next_check = steady_clock::now() + options_.rewind_check_interval;
    }
    if (steady_clock::now() - last_heard > kMaxSilence) return Unusable("the watch went silent");
  }
}

absl::Status Cache::Impl::Apply(WatchEvent event) {
  const std::string resource_version = ResourceVersion(event.object);
  ASSIGN_OR_RETURN(const std::uint64_t revision, RevisionOf(resource_version));
  const bool is_object = event.type != WatchEventType::kBookmark;
  const ObjectName name = NameOf(event.object);
  const Object object = is_object ? Prepare(std::move(event.object)) : nullptr;

  MutexLock lock(mutex_);
  std::optional<Change> change;
  if (event.type == WatchEventType::kDeleted) {
    change = store_.Remove(name);
  } else if (is_object) {
    change = store_.Put(object);
  }
  if (change) dispatcher_.TellChanges({*std::move(change)});
  resource_version_ = resource_version;
  revision_ = revision;
  NoteRevision(revision);
  progress_ = true;
  changed_.NotifyAll();
  return absl::OkStatus();
}

absl::Status Cache::Impl::CheckForRewind(const std::stop_token& stop) {
  ASSIGN_OR_RETURN(
      const ObjectList page,
      client_.ListPage(
          options_.resource, options_.ns,
          {.label_selector = options_.label_selector,
           .field_selector = options_.field_selector,
           .form = Form::kMetadata,
           .page_size = 1,
           .call = {.timeout = kRewindCheckTimeout, .retry = Retry::kNever, .stop = stop}}));
  ASSIGN_OR_RETURN(const std::uint64_t revision, RevisionOf(page.resource_version));
  if (NoteRewindIfBefore(revision)) return absl::OkStatus();
  MutexLock lock(mutex_);
  NoteRevision(revision);
  return absl::OkStatus();
}

void Cache::Impl::NoteRevision(std::uint64_t revision) {
  last_seen_ = std::max(last_seen_, revision);
}

bool Cache::Impl::NoteRewindIfBefore(std::uint64_t revision) {
  MutexLock lock(mutex_);
  if (revision >= last_seen_) return false;
  ++rewinds_;
  last_seen_ = revision;
  must_list_ = true;
  dispatcher_.TellRewound();
  return true;
}

Cache::Object Cache::Impl::Prepare(Json object) const {
  if (At(object, {"metadata"}).is_object()) object["metadata"].erase("managedFields");
  if (options_.transform) options_.transform(object);
  return std::make_shared<const Json>(std::move(object));
}

absl::StatusOr<std::uint64_t> Cache::Impl::RevisionOf(const std::string& resource_version) const {
  const auto revision = ParseResourceVersion(resource_version);
  if (!revision) return Unusable(fmt::format("resourceVersion '{}'", resource_version));
  return *revision;
}

absl::Status Cache::Impl::Unusable(std::string_view text) const {
  return absl::UnavailableError(fmt::format("watch {}: {}", options_.resource.plural, text));
}

Cache::Cache(Client& client, Options options)
    : impl_(std::make_unique<Impl>(client, std::move(options))) {}

Cache::~Cache() = default;

void Cache::Start() { impl_->Start(); }

void Cache::Stop() { impl_->Stop(); }

Cache::Subscription Cache::AddListener(Listener listener) {
  return impl_->AddListener(std::move(listener));
}

Cache::Object Cache::Get(const ObjectName& name) const {
  return impl_->Reading([&](const ObjectStore& store) { return store.Get(name); });
}

std::vector<Cache::Object> Cache::List() const {
  return impl_->Reading([](const ObjectStore& store) { return store.List(); });
}

std::vector<Cache::Object> Cache::ListNamespace(const std::string& ns) const {
  return impl_->Reading([&](const ObjectStore& store) { return store.ListNamespace(ns); });
}

std::vector<Cache::Object> Cache::ByIndex(const std::string& index, const std::string& key) const {
  return impl_->Reading([&](const ObjectStore& store) { return store.ByIndex(index, key); });
}

Cache::Snapshot Cache::TakeSnapshot() const { return impl_->TakeSnapshot(); }

bool Cache::synced() const { return impl_->synced(); }

absl::Status Cache::WaitForSync(std::chrono::steady_clock::time_point deadline) const {
  return impl_->WaitForSync(deadline);
}

absl::Status Cache::WaitForResourceVersion(const std::string& resource_version,
                                           std::chrono::steady_clock::time_point deadline) const {
  return impl_->WaitForResourceVersion(resource_version, deadline);
}

absl::Status Cache::WaitForListeners(std::chrono::steady_clock::time_point deadline) const {
  return impl_->WaitForListeners(deadline);
}

std::string Cache::resource_version() const { return impl_->resource_version(); }

std::uint64_t Cache::last_seen_resource_version() const {
  return impl_->last_seen_resource_version();
}

std::uint64_t Cache::rewinds() const { return impl_->rewinds(); }

absl::Status Cache::health() const { return impl_->health(); }

}  // namespace berth::kube
