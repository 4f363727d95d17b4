#include "common/pool/pool_watcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "common/kube/cache.h"
#include "common/kube/object.h"
#include "common/kube/work_queue.h"
#include "common/pool/gateway_watcher.h"
#include "common/pool/service_watcher.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "common/sync/mutex.h"

namespace berth::pool {
namespace {

/// One of the objects that pools name.
struct ObjectKey {
  kube::Resource resource;
  kube::ObjectName name;

  friend bool operator<(const ObjectKey& left, const ObjectKey& right) {
    return std::pair(left.resource.plural, left.name) <
           std::pair(right.resource.plural, right.name);
  }
  friend bool operator==(const ObjectKey&, const ObjectKey&) = default;
};

std::set<ObjectKey> ObjectsOf(const Pool& pool) {
  std::set<ObjectKey> keys;
  for (const LoadBalancerRef& ref : pool.load_balancers) {
    if (ref.kind == LoadBalancerKind::kService) {
      keys.insert({kube::kServices, ref.name});
    }
  }
  if (pool.configmap.has_value()) {
    for (const Protocol protocol : kProtocols) {
      keys.insert({kube::kConfigMaps, pool.configmap->Of(protocol)});
    }
  }
  return keys;
}

std::set<kube::ObjectName> GatewaysOf(const std::vector<Pool>& pools) {
  std::set<kube::ObjectName> names;
  for (const Pool& pool : pools) {
    for (const LoadBalancerRef& ref : pool.load_balancers) {
      if (ref.kind == LoadBalancerKind::kGateway) {
        names.insert(ref.name);
      }
    }
  }
  return names;
}

/// Whether Services that no pool names can hold their ports.
bool ShareAddresses(const std::vector<Pool>& pools) {
  return std::any_of(pools.begin(), pools.end(),
                     [](const Pool& pool) { return pool.driver == Driver::kLoadBalancer; });
}

std::vector<Pool> ParsePools(const std::vector<kube::Cache::Object>& objects) {
  std::vector<Pool> pools;
  for (const kube::Cache::Object& object : objects) {
    if (absl::StatusOr<Pool> pool = ParsePool(*object); pool.ok()) {
      pools.push_back(*std::move(pool));
    }
  }
  return pools;
}

/// Everything the states are derived from.
struct View {
  std::vector<kube::Cache::Object> pools;
  std::map<ObjectKey, SeenObject> objects;
  std::map<kube::ObjectName, SeenGateway> gateways;
  SeenServices services;

  friend bool operator==(const View&, const View&) = default;
};

}  // namespace

class PoolWatcher::Impl {
 public:
  Impl(kube::Client& client, Options options)
      : client_(client),
        options_(std::move(options)),
        pools_(client, {.resource = kube::kPortPools, .ns = options_.ns}),
        gateways_(client, {.ns = options_.ns,
                           .on_change = [this] { Changed(); },
                           .on_rewound = [this] { Rewound(); }}),
        services_(client,
                  {.on_change = [this] { Changed(); }, .on_rewound = [this] { Rewound(); }}),
        queue_({.name = "pool-watcher"},
               [this](const std::string&, const std::stop_token&) { return FollowPools(); }) {
    subscription_ = pools_.AddListener({
        .on_change =
            [this](const kube::Cache::Change&) {
              queue_.Add("pools");
              Changed();
            },
        .on_synced = [this] { Changed(); },
        .on_rewound = [this] { Rewound(); },
    });
  }

  ~Impl() { Stop(); }

  void Start() {
    queue_.Start();
    pools_.Start();
  }

  void Stop() {
    pools_.Stop();
    queue_.Stop();
    gateways_.Stop();
    services_.Stop();
    std::map<ObjectKey, std::unique_ptr<Watched>> watched;
    {
      MutexLock lock(mutex_);
      watched.swap(watched_);
    }
  }

  bool synced() const { return pools_.synced(); }

  absl::Status WaitForSync(std::chrono::steady_clock::time_point deadline) const {
    return pools_.WaitForSync(deadline);
  }

  absl::StatusOr<State> Find(const PoolName& name) const {
    if (!synced()) {
      return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                   "the pools have not been read yet")
          .WithRetryAfter(std::chrono::seconds(1));
    }
    for (State& state : List()) {
      if (state->pool.name == name) {
        return std::move(state);
      }
    }
    const kube::Cache::Object object = pools_.Get({options_.ns, name.value()});
    if (object != nullptr) {
      RETURN_IF_ERROR(Unparsed(*object, name));
    }
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_POOL_NOT_FOUND,
                 fmt::format("no pool '{}'", name.value()))
        .WithMetadata("pool", name.value());
  }

  std::vector<State> List() const {
    MutexLock lock(mutex_);
    View view = Look();
    if (!(view == view_)) {
      states_ = DerivePoolStates(
          ParsePools(view.pools),
          {.object =
               [&](const kube::Resource& resource, const kube::ObjectName& name) {
                 const auto found = view.objects.find({resource, name});
                 return found == view.objects.end() ? SeenObject() : found->second;
               },
           .gateway =
               [&](const kube::ObjectName& name) {
                 const auto found = view.gateways.find(name);
                 return found == view.gateways.end() ? SeenGateway() : found->second;
               },
           .services = [&] { return view.services; }});
      view_ = std::move(view);
    }
    return states_;
  }

 private:
  /// The watch of one object. Its subscription ends before its cache.
  struct Watched {
    std::unique_ptr<kube::Cache> cache;
    kube::Cache::Subscription subscription;
  };

  static absl::Status Unparsed(const kube::Json& object, const PoolName& name) {
    const absl::Status status = ParsePool(object).status();
    if (status.ok()) {
      return status;
    }
    return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_NOT_READY,
                 fmt::format("pool '{}': {}", name.value(), std::string(status.message())))
        .WithMetadata("pool", name.value());
  }

  View Look() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    View view{.pools = pools_.List()};
    for (const auto& [key, watched] : watched_) {
      // Read `known` first: an object that comes between the two reads only adds knowledge.
      const bool known = watched->cache->synced();
      view.objects[key] = {.known = known, .object = watched->cache->Get(key.name)};
    }
    for (const kube::ObjectName& name : named_gateways_) {
      view.gateways[name] = gateways_.Find(name);
    }
    view.services = services_.Find();
    return view;
  }

  /// Watches what the pools name now and nothing else.
  kube::WorkQueue::Outcome FollowPools() {
    const std::vector<Pool> pools = ParsePools(pools_.List());
    FollowObjects(pools);
    if (ShareAddresses(pools)) {
      services_.Follow();
    } else {
      services_.Stop();
    }
    const std::set<kube::ObjectName> gateways = GatewaysOf(pools);
    {
      MutexLock lock(mutex_);
      named_gateways_ = gateways;
    }
    Changed();
    RETURN_IF_ERROR(gateways_.Follow(gateways));
    return gateways.empty()
               ? std::nullopt
               : std::optional<std::chrono::milliseconds>(GatewayWatcher::kFollowInterval);
  }

  void FollowObjects(const std::vector<Pool>& pools) {
    std::set<ObjectKey> wanted;
    for (const Pool& pool : pools) {
      wanted.merge(ObjectsOf(pool));
    }
    // Ending a watch waits for its threads, so that happens without the mutex.
    std::vector<std::unique_ptr<Watched>> ended;
    {
      MutexLock lock(mutex_);
      for (auto entry = watched_.begin(); entry != watched_.end();) {
        if (wanted.contains(entry->first)) {
          ++entry;
        } else {
          ended.push_back(std::move(entry->second));
          entry = watched_.erase(entry);
        }
      }
      for (const ObjectKey& key : wanted) {
        if (!watched_.contains(key)) {
          watched_.emplace(key, WatchObject(key));
        }
      }
    }
  }

  std::unique_ptr<Watched> WatchObject(const ObjectKey& key) {
    auto watched = std::make_unique<Watched>();
    watched->cache = std::make_unique<kube::Cache>(
        client_, kube::Cache::Options{.resource = key.resource,
                                      .ns = key.name.ns,
                                      .field_selector = "metadata.name=" + key.name.name});
    watched->subscription = watched->cache->AddListener({
        .on_change = [this](const kube::Cache::Change&) { Changed(); },
        .on_synced = [this] { Changed(); },
        .on_rewound = [this] { Rewound(); },
    });
    watched->cache->Start();
    return watched;
  }

  void Changed() const {
    if (options_.on_change) {
      options_.on_change();
    }
  }

  void Rewound() const {
    if (options_.on_rewound) {
      options_.on_rewound();
    }
  }

  kube::Client& client_;
  const Options options_;
  kube::Cache pools_;
  kube::Cache::Subscription subscription_;
  GatewayWatcher gateways_;
  ServiceWatcher services_;
  kube::WorkQueue queue_;

  mutable Mutex mutex_;
  std::set<kube::ObjectName> named_gateways_ ABSL_GUARDED_BY(mutex_);
  std::map<ObjectKey, std::unique_ptr<Watched>> watched_ ABSL_GUARDED_BY(mutex_);
  /// The states derived last, and from what: they are derived anew only when something changed.
  mutable View view_ ABSL_GUARDED_BY(mutex_);
  mutable std::vector<State> states_ ABSL_GUARDED_BY(mutex_);
};

PoolWatcher::PoolWatcher(kube::Client& client, Options options)
    : impl_(std::make_unique<Impl>(client, std::move(options))) {}

PoolWatcher::~PoolWatcher() = default;

void PoolWatcher::Start() { impl_->Start(); }

void PoolWatcher::Stop() { impl_->Stop(); }

bool PoolWatcher::synced() const { return impl_->synced(); }

absl::Status PoolWatcher::WaitForSync(std::chrono::steady_clock::time_point deadline) const {
  return impl_->WaitForSync(deadline);
}

absl::StatusOr<PoolWatcher::State> PoolWatcher::Find(const PoolName& name) const {
  return impl_->Find(name);
}

std::vector<PoolWatcher::State> PoolWatcher::List() const { return impl_->List(); }

}  // namespace berth::pool
