#pragma once

#include <chrono>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/domain/exposure_store.h"
#include "gateway/domain/load_balancing.h"
#include "gateway/domain/reconcile.h"
#include "gateway/domain/surroundings.h"

namespace berth::gateway {

/// Brings the world closer to what an exposure asks for: the loop's one pass. Keeps nothing between
/// passes, and every step may be done by two replicas at a time.
///
/// Threads: any, also several for different exposures. The parts outlive it.
class Reconciler {
 public:
  struct Parts {
    ExposureStore& store;
    ExposureKeeper& keeper;
    LoadBalancing& load_balancing;
    Surroundings& surroundings;
    std::function<Time()> now;
  };

  explicit Reconciler(Parts parts) : parts_(std::move(parts)) {}

  /// Does what can be done now. OK: when to look again if nothing is heard before. An error: again
  /// after a while.
  absl::StatusOr<std::chrono::milliseconds> Reconcile(const ExposureKey& key);

 private:
  absl::StatusOr<ReconcileFacts> Observe(Exposure exposure);
  /// Services are looked up in the store before an exposure is told that its target is missing.
  absl::Status MakeSureOfTarget(ReconcileFacts& facts);
  enum class Taken {
    kMore,
    /// Nothing more to do but to write the status.
    kSettled,
    /// The exposure was let go.
    kGone,
  };
  absl::StatusOr<Taken> TakeStep(ReconcileFacts& facts);
  /// Reads the exposure again after a write to it.
  absl::Status Reread(ReconcileFacts& facts);
  absl::Status Carry(const Remove& step, ReconcileFacts& facts);
  absl::Status Carry(const ClaimPorts& step, ReconcileFacts& facts);
  absl::Status Carry(const ApplyRules& step, ReconcileFacts& facts);
  absl::Status WriteStatus(ReconcileFacts& facts);

  Parts parts_;
};

}  // namespace berth::gateway
