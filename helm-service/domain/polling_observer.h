#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/clock.h"
#include "common/kube/work_queue.h"
#include "common/sync/mutex.h"
#include "helm-service/domain/cluster_reader.h"
#include "helm-service/domain/release_follower.h"
#include "helm-service/domain/release_observer.h"
#include "helm-service/domain/release_store.h"

namespace berth::helm {

/// Looks at each observed release twice a second.
///
/// Threads: a few of its own for all observations, from Start to Stop.
/// Lifetime: observations may outlive Stop, not the observer; they end, without a last look, when
/// it is stopped.
class PollingObserver final : public ReleaseObserver {
 public:
  struct Options {
    int threads = 4;
    std::chrono::milliseconds interval = std::chrono::milliseconds(500);
    /// Helm needs that long before it does anything; short actions are over by then.
    std::chrono::milliseconds first_look = std::chrono::milliseconds(200);
    /// How long an operation's end may wait for the last look.
    std::chrono::milliseconds patience = std::chrono::seconds(3);
  };

  /// Store, cluster and clock are borrowed.
  PollingObserver(ReleaseStore& releases, ClusterReader& cluster);
  PollingObserver(ReleaseStore& releases, ClusterReader& cluster, Options options,
                  kube::Clock& clock);
  ~PollingObserver() override { Stop(); }

  void Start() { queue_.Start(); }
  void Stop() { queue_.Stop(); }

  std::unique_ptr<Observation> Observe(ObservedAction action,
                                       std::shared_ptr<operation::Reporter> reporter,
                                       std::shared_ptr<Redactor> redactor) override;

 private:
  class Followed;
  class Handle;

  kube::WorkQueue::Outcome Look(const std::string& key);
  void Forget(const std::string& key);

  const Options options_;
  ReleaseStore& releases_;
  ClusterReader& cluster_;
  kube::Clock& clock_;
  Mutex mutex_;
  std::uint64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::shared_ptr<Followed>> followed_ ABSL_GUARDED_BY(mutex_);
  // Last: its threads use the rest.
  kube::WorkQueue queue_;
};

}  // namespace berth::helm
