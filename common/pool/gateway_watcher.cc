#include "common/pool/gateway_watcher.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/cache.h"
#include "common/kube/clock.h"
#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/pool/told_watch.h"
#include "common/status/macros.h"
#include "common/sync/mutex.h"

namespace berth::pool {
namespace {

/// Definitions change when somebody upgrades them: then the old version may stop being served.
constexpr auto kMaxAgeOfVersions = std::chrono::minutes(1);

constexpr char kNotServed[] =
    "is of a kind that this API server does not serve: install the Gateway API's definitions";

using Attached = std::map<kube::ObjectName, std::shared_ptr<const AttachedListenerSets>>;

Attached ByGateway(const std::vector<kube::Cache::Object>& listener_sets, const std::string& ns) {
  std::map<kube::ObjectName, std::shared_ptr<AttachedListenerSets>> attached;
  for (const kube::Cache::Object& listener_set : listener_sets) {
    if (const auto gateway = ParentGateway(*listener_set); gateway.has_value()) {
      auto& of_it = attached[*gateway];
      if (of_it == nullptr) {
        of_it = std::make_shared<AttachedListenerSets>();
      }
      (IsOfRule(*listener_set, ns) ? of_it->own : of_it->others).push_back(listener_set);
    }
  }
  return {attached.begin(), attached.end()};
}

/// Whether a change means something to somebody who asks for ports.
bool Matters(const kube::Cache::Change& change, const std::string& ns) {
  if (change.before == nullptr || change.after == nullptr) {
    return !IsOfRule(change.after == nullptr ? *change.before : *change.after, ns);
  }
  const bool is_own = IsOfRule(*change.after, ns);
  return is_own != IsOfRule(*change.before, ns) ||
         (!is_own && (kube::At(*change.before, {"spec"}) != kube::At(*change.after, {"spec"}) ||
                      kube::At(*change.before, {"status"}) != kube::At(*change.after, {"status"})));
}

}  // namespace

class GatewayWatcher::Impl {
 public:
  Impl(kube::Client& client, Options options)
      : client_(client),
        options_(std::move(options)),
        mapper_(client, kube::RealClock(), {.max_age = kMaxAgeOfVersions}) {}

  ~Impl() { Stop(); }

  absl::Status Follow(const std::set<kube::ObjectName>& gateways) {
    if (gateways.empty()) {
      Stop();
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const kube::GatewayApi api, kube::DiscoverGatewayApi(mapper_));
    // Ending a watch waits for its threads, so that happens without the mutex.
    std::vector<std::unique_ptr<ToldWatch>> ended;
    bool changed = false;
    {
      MutexLock lock(mutex_);
      changed = !asked_;
      asked_ = true;
      served_ = api.gateways.has_value();
      for (auto entry = gateways_.begin(); entry != gateways_.end();) {
        if (gateways.contains(entry->first) && entry->second->resource() == api.gateways) {
          ++entry;
        } else {
          ended.push_back(std::move(entry->second));
          entry = gateways_.erase(entry);
        }
      }
      if (listener_sets_ != nullptr && listener_sets_->resource() != api.listener_sets) {
        ended.push_back(std::move(listener_sets_));
        attached_.clear();
      }
      if (api.listener_sets.has_value() && listener_sets_ == nullptr) {
        listener_sets_ = WatchListenerSets(*api.listener_sets);
      }
      for (const kube::ObjectName& name : gateways) {
        if (served_ && !gateways_.contains(name)) {
          gateways_.emplace(name, WatchGateway(*api.gateways, name));
          changed = true;
        }
      }
    }
    if (changed || !ended.empty()) {
      options_.on_change();
    }
    return absl::OkStatus();
  }

  void Stop() {
    std::map<kube::ObjectName, std::unique_ptr<ToldWatch>> gateways;
    std::unique_ptr<ToldWatch> listener_sets;
    {
      MutexLock lock(mutex_);
      gateways.swap(gateways_);
      listener_sets.swap(listener_sets_);
      attached_.clear();
      asked_ = false;
    }
  }

  SeenGateway Find(const kube::ObjectName& name) const {
    MutexLock lock(mutex_);
    if (asked_ && !served_) {
      return {.known = true, .problem = kNotServed};
    }
    const auto found = gateways_.find(name);
    if (found == gateways_.end()) {
      return {};
    }
    // Read whether all is known first: an object that comes between the reads only adds knowledge.
    for (const ToldWatch* watched : {found->second.get(), listener_sets_.get()}) {
      if (watched != nullptr && !watched->told()) {
        return {.problem = Unread(*watched)};
      }
    }
    return {.known = true,
            .object = found->second->cache().Get(name),
            .listener_sets = AttachedTo(name)};
  }

 private:
  static std::string Unread(const ToldWatch& watched) {
    return fmt::format("{} cannot be read: {}", watched.resource().plural,
                       std::string(watched.cache().health().message()));
  }

  std::unique_ptr<ToldWatch> WatchGateway(const kube::Resource& resource,
                                          const kube::ObjectName& name) {
    return Begin(
        {.resource = resource, .ns = name.ns, .field_selector = "metadata.name=" + name.name},
        [](const kube::Cache::Change&) { return true; });
  }

  std::unique_ptr<ToldWatch> WatchListenerSets(const kube::Resource& resource) {
    return Begin(
        {.resource = resource, .transform = ReduceListenerSet},
        [ns = options_.ns](const kube::Cache::Change& change) { return Matters(change, ns); });
  }

  std::unique_ptr<ToldWatch> Begin(kube::Cache::Options cache,
                                   std::function<bool(const kube::Cache::Change&)> matters) {
    return std::make_unique<ToldWatch>(client_,
                                       ToldWatch::Options{.cache = std::move(cache),
                                                          .matters = std::move(matters),
                                                          .on_change = options_.on_change,
                                                          .on_rewound = options_.on_rewound});
  }

  std::shared_ptr<const AttachedListenerSets> AttachedTo(const kube::ObjectName& name) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (listener_sets_ == nullptr) {
      return nullptr;
    }
    const std::uint64_t changes = listener_sets_->changes();
    if (attached_.empty() || attached_at_ != changes) {
      attached_ = ByGateway(listener_sets_->cache().List(), options_.ns);
      attached_at_ = changes;
    }
    const auto found = attached_.find(name);
    return found == attached_.end() ? nullptr : found->second;
  }

  kube::Client& client_;
  const Options options_;
  kube::RestMapper mapper_;

  mutable Mutex mutex_;
  /// Whether the API server was asked what it serves, and whether it serves Gateways.
  bool asked_ ABSL_GUARDED_BY(mutex_) = false;
  bool served_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<kube::ObjectName, std::unique_ptr<ToldWatch>> gateways_ ABSL_GUARDED_BY(mutex_);
  /// Null if they are not served.
  std::unique_ptr<ToldWatch> listener_sets_ ABSL_GUARDED_BY(mutex_);
  /// The ListenerSets by their Gateway, as of so many changes.
  mutable Attached attached_ ABSL_GUARDED_BY(mutex_);
  mutable std::uint64_t attached_at_ ABSL_GUARDED_BY(mutex_) = 0;
};

GatewayWatcher::GatewayWatcher(kube::Client& client, Options options)
    : impl_(std::make_unique<Impl>(client, std::move(options))) {}

GatewayWatcher::~GatewayWatcher() = default;

absl::Status GatewayWatcher::Follow(const std::set<kube::ObjectName>& gateways) {
  return impl_->Follow(gateways);
}

void GatewayWatcher::Stop() { impl_->Stop(); }

SeenGateway GatewayWatcher::Find(const kube::ObjectName& name) const { return impl_->Find(name); }

absl::StatusOr<SeenGateway> ReadGateway(kube::Client& client, kube::RestMapper& mapper,
                                        const std::string& ns, const kube::ObjectName& name) {
  ASSIGN_OR_RETURN(const kube::GatewayApi api, kube::DiscoverGatewayApi(mapper));
  if (!api.gateways.has_value()) {
    return SeenGateway{.known = true, .problem = kNotServed};
  }
  SeenGateway seen{.known = true};
  absl::StatusOr<kube::Json> gateway = client.Get(*api.gateways, name);
  if (gateway.ok()) {
    seen.object = std::make_shared<const kube::Json>(*std::move(gateway));
  } else if (!kube::IsNotFound(gateway.status())) {
    return gateway.status();
  }
  if (api.listener_sets.has_value()) {
    ASSIGN_OR_RETURN(kube::ObjectList list, client.List(*api.listener_sets, ""));
    std::vector<kube::Cache::Object> listener_sets;
    listener_sets.reserve(list.items.size());
    for (kube::Json& item : list.items) {
      listener_sets.push_back(std::make_shared<const kube::Json>(std::move(item)));
    }
    Attached attached = ByGateway(listener_sets, ns);
    seen.listener_sets = std::move(attached[name]);
  }
  return seen;
}

}  // namespace berth::pool
