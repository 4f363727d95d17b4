#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/clock.h"
#include "common/operation/lease_guard.h"
#include "common/operation/options.h"
#include "common/sync/mutex.h"

namespace berth::operation {

/// Label on liveness Leases: the service whose replica it stands for.
inline constexpr char kLivenessLabel[] = "berth.dev/liveness";

/// This process' liveness Lease: created once, renewed by a thread of its own, given back by
/// Release. Its name holds the pod's uid and is the process' own: an earlier process of the same
/// pod had another one, whose operations are taken over like anybody's.
///
/// When the Lease is gone, or somebody else's, or could not be renewed in time, `on_lost` is called
/// once on that thread and renewing ends.
class ReplicaLease final : public LeaseGuard {
 public:
  struct Options {
    std::string service;
    std::string kube_namespace;
    Identity identity;
    LivenessTimes times;
    std::function<void(const absl::Status& why)> on_lost;
  };

  /// Creates the Lease, removes those of earlier processes of this pod, and begins to renew.
  /// Blocks. `client` and `clock` outlive it.
  static absl::StatusOr<std::unique_ptr<ReplicaLease>> Create(kube::Client& client,
                                                              kube::Clock& clock, Options options);

  /// Stops renewing without giving the Lease back.
  ~ReplicaLease() override;

  bool FreshEnoughToSpawn() const override;

  /// Name of the Lease.
  const std::string& name() const { return name_; }

  /// Whether on_lost was called.
  bool lost() const;

  /// Stops renewing and deletes the Lease, so that others need not wait for its end. Only once
  /// nothing runs any more on behalf of operations. Blocks; failing costs only time.
  void Release();

 private:
  using TimePoint = kube::Clock::TimePoint;

  ReplicaLease(kube::Client& client, kube::Clock& clock, Options options);

  absl::Status Take();
  void RemoveEarlierProcesses();
  void Renew();
  /// Whether it is renewed; an error: it is lost.
  absl::StatusOr<bool> RenewOnce();
  TimePoint renewed_at() const;
  absl::Status ReadAgain(const kube::CallOptions& call);
  void Lose(const absl::Status& why);
  void Stop();

  kube::Client& client_;
  kube::Clock& clock_;
  const Options options_;
  const std::string name_;

  mutable Mutex mutex_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
  /// When the last successful renewal was sent.
  TimePoint renewed_at_ ABSL_GUARDED_BY(mutex_);

  /// Used by Create, then by the renewing thread, then by Release.
  kube::Json lease_;
  std::jthread renewer_;
};

}  // namespace berth::operation
