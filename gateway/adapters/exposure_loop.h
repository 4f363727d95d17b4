#pragma once

#include "common/kube/work_queue.h"
#include "gateway/domain/names.h"
#include "gateway/domain/reconciler.h"

namespace berth::gateway {

/// Reconciles exposures, each by one thread at a time, again and again until they are as asked.
///
/// Threads: `workers` of its own, from Start to Stop. Add may be called from any thread.
class ExposureLoop {
 public:
  /// `reconciler` is borrowed.
  ExposureLoop(Reconciler& reconciler, int workers);

  void Start() { queue_.Start(); }
  void Stop() { queue_.Stop(); }

  /// Look at this exposure soon.
  void Add(const ExposureKey& key) { queue_.Add(key.ToString()); }

 private:
  kube::WorkQueue::Outcome Reconcile(const std::string& key);

  Reconciler& reconciler_;
  kube::WorkQueue queue_;
};

}  // namespace berth::gateway
