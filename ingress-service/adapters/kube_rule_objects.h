#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "common/sync/mutex.h"
#include "ingress-service/domain/rule_objects.h"

namespace berth::ingress {

/// Objects in the cluster, watched by their label. Nothing is watched before the first Follow.
///
/// Threads: its caches'; all methods may be called from any thread. Lifetime: the client must
/// outlive it.
class KubeRuleObjects : public RuleObjects {
 public:
  struct Options {
    /// Berth's namespace.
    std::string ns;
    /// Called when an object of a rule of this pool was added, changed or removed; may not block.
    std::function<void(const std::string& pool)> on_change;
    /// Called when a kind has been read that Follow may have failed for; may not block.
    std::function<void()> on_synced;
  };

  KubeRuleObjects(kube::Client& client, Options options);
  ~KubeRuleObjects() override;

  /// Ends all watches: after that on_change is not called.
  void Stop();

  absl::Status Follow(const std::vector<RuleObjectKind>& kinds) override;
  std::vector<Object> Cached(const RuleObjectKind& kind) const override;
  absl::StatusOr<std::vector<kube::Json>> List(const RuleObjectKind& kind,
                                               const std::vector<std::string>& claim_uids) override;
  absl::StatusOr<std::optional<kube::Json>> Get(const kube::Resource& resource,
                                                const kube::ObjectName& name) override;
  absl::StatusOr<std::optional<kube::Json>> Put(const kube::Resource& resource,
                                                const kube::Json& object,
                                                std::chrono::milliseconds time) override;
  absl::Status Delete(const kube::Resource& resource, const kube::Json& object,
                      DeleteIf condition) override;

 private:
  struct Watched;

  std::shared_ptr<Watched> Begin(const RuleObjectKind& kind);
  void Tell(const kube::Cache::Change& change) const;

  kube::Client& client_;
  const Options options_;
  mutable Mutex mutex_;
  /// Shared with the calls that read them at this moment.
  std::vector<std::shared_ptr<Watched>> watched_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::ingress
