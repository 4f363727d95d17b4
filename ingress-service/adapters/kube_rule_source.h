#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "common/sync/mutex.h"
#include "ingress-service/domain/confirmed_rules.h"
#include "ingress-service/domain/rule_feed.h"
#include "ingress-service/domain/rule_source.h"

namespace berth::ingress {

/// Index of a cache of PortRules: "namespace/service" of the target.
inline constexpr const char* kRulesByTarget = "target";

/// The cache that KubeRuleSource reads; `ns` is Berth's namespace.
kube::Cache::Options RuleCacheOptions(const std::string& ns);

/// The stored rules, from a watch cache or a consistent list. Objects that are no rules of Berth
/// (made by hand, with a name that does not match) are left out. Thread safe; borrows everything.
class KubeRuleSource : public RuleSource, public RuleFeed {
 public:
  KubeRuleSource(kube::Client& client, kube::Cache& cache, const ConfirmedRules& confirmed,
                 std::string ns)
      : client_(client), cache_(cache), confirmed_(confirmed), ns_(std::move(ns)) {}

  RuleSnapshot Cached() const override;
  bool Shows(const pool::ClaimName& name) const override {
    return cache_.Get({ns_, name.ToString()}) != nullptr;
  }
  absl::StatusOr<RuleSnapshot> Consistent() override;
  std::unique_ptr<RuleWatch> Watch(std::shared_ptr<RuleWatcher> watcher) override;

 private:
  using Parsed = std::pair<kube::Cache::Object, std::shared_ptr<const Rule>>;

  kube::Client& client_;
  kube::Cache& cache_;
  const ConfirmedRules& confirmed_;
  const std::string ns_;

  mutable Mutex mutex_;
  /// The last snapshot, and what it was made of.
  mutable RuleSnapshot last_ ABSL_GUARDED_BY(mutex_);
  mutable std::string last_resource_version_ ABSL_GUARDED_BY(mutex_);
  mutable std::uint64_t last_confirmed_ ABSL_GUARDED_BY(mutex_) = 0;
  /// Its rules, by the object they were parsed from (kept, so that its address
  /// stays its own): most are the same in the next one.
  mutable std::map<const kube::Json*, Parsed> parsed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::ingress
