#include "common/pool/service_watcher.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "common/kube/cache.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/pool/labels.h"
#include "common/pool/told_watch.h"
#include "common/status/macros.h"
#include "common/sync/mutex.h"

namespace berth::pool {
namespace {

using kube::Json;

constexpr char kLoadBalancersOnly[] = "spec.type=LoadBalancer";

void Reduce(Json& service) {
  Json metadata = Json::object();
  for (const char* field : {"namespace", "name", "uid", "resourceVersion", "labels"}) {
    metadata[field] = kube::At(service, {"metadata", field});
  }
  service = {{"metadata", std::move(metadata)},
             {"spec", {{"ports", kube::At(service, {"spec", "ports"})}}},
             {"status", {{"loadBalancer", kube::At(service, {"status", "loadBalancer"})}}}};
}

bool IsOfRule(const Json& service) { return kube::Label(service, kClaimUidLabel).has_value(); }

/// Whether a change means something to somebody who asks for ports.
bool Matters(const kube::Cache::Change& change) {
  if (change.before == nullptr || change.after == nullptr) {
    return !IsOfRule(change.after == nullptr ? *change.before : *change.after);
  }
  return !(IsOfRule(*change.before) && IsOfRule(*change.after)) &&
         (kube::At(*change.before, {"spec"}) != kube::At(*change.after, {"spec"}) ||
          kube::At(*change.before, {"status"}) != kube::At(*change.after, {"status"}));
}

}  // namespace

class ServiceWatcher::Impl {
 public:
  Impl(kube::Client& client, Options options) : client_(client), options_(std::move(options)) {}

  ~Impl() { Stop(); }

  void Follow() {
    {
      MutexLock lock(mutex_);
      if (watched_ != nullptr) {
        return;
      }
      watched_ = std::make_unique<ToldWatch>(
          client_, ToldWatch::Options{.cache = {.resource = kube::kServices,
                                                .field_selector = kLoadBalancersOnly,
                                                .transform = Reduce},
                                      .matters = Matters,
                                      .on_change = options_.on_change,
                                      .on_rewound = options_.on_rewound});
    }
    options_.on_change();
  }

  void Stop() {
    // Ending a watch waits for its threads, so that happens without the mutex.
    std::unique_ptr<ToldWatch> watched;
    {
      MutexLock lock(mutex_);
      watched.swap(watched_);
      services_.reset();
    }
  }

  SeenServices Find() const {
    MutexLock lock(mutex_);
    if (watched_ == nullptr) {
      return {};
    }
    if (!watched_->told()) {
      return {.problem = fmt::format("the cluster's Services cannot be read: {}",
                                     std::string(watched_->cache().health().message()))};
    }
    const std::uint64_t changes = watched_->changes();
    if (services_ == nullptr || services_at_ != changes) {
      services_ =
          std::make_shared<const std::vector<kube::Cache::Object>>(watched_->cache().List());
      services_at_ = changes;
    }
    return {.known = true, .services = services_};
  }

 private:
  kube::Client& client_;
  const Options options_;

  mutable Mutex mutex_;
  std::unique_ptr<ToldWatch> watched_ ABSL_GUARDED_BY(mutex_);
  /// As of so many changes.
  mutable std::shared_ptr<const std::vector<kube::Cache::Object>> services_ ABSL_GUARDED_BY(mutex_);
  mutable std::uint64_t services_at_ ABSL_GUARDED_BY(mutex_) = 0;
};

ServiceWatcher::ServiceWatcher(kube::Client& client, Options options)
    : impl_(std::make_unique<Impl>(client, std::move(options))) {}

ServiceWatcher::~ServiceWatcher() = default;

void ServiceWatcher::Follow() { impl_->Follow(); }

void ServiceWatcher::Stop() { impl_->Stop(); }

SeenServices ServiceWatcher::Find() const { return impl_->Find(); }

absl::StatusOr<SeenServices> ReadServices(kube::Client& client) {
  ASSIGN_OR_RETURN(kube::ObjectList list,
                   client.List(kube::kServices, "", {.field_selector = kLoadBalancersOnly}));
  std::vector<kube::Cache::Object> services;
  services.reserve(list.items.size());
  for (Json& item : list.items) {
    services.push_back(std::make_shared<const Json>(std::move(item)));
  }
  return SeenServices{
      .known = true,
      .services = std::make_shared<const std::vector<kube::Cache::Object>>(std::move(services))};
}

}  // namespace berth::pool
