#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "port-service/domain/claim.h"

namespace berth::port {

/// Hears of all claims. Called on one thread, which it must not block, one call at a time.
class ClaimWatcher {
 public:
  virtual ~ClaimWatcher() = default;
  /// First, and once: all claims, ordered by name.
  virtual void OnSnapshot(const std::vector<std::shared_ptr<const Claim>>& claims) = 0;
  /// Then each change: `before` is null for a new claim, `after` for one that is gone.
  virtual void OnChange(const std::shared_ptr<const Claim>& before,
                        const std::shared_ptr<const Claim>& after) = 0;
};

/// Ends the calls to a watcher when destroyed: after that none runs or will run.
class ClaimWatch {
 public:
  virtual ~ClaimWatch() = default;
};

/// The stored claims as a replica sees them change. Thread safe.
class ClaimFeed {
 public:
  virtual ~ClaimFeed() = default;

  /// All claims by name. UNAVAILABLE, NOT_READY before they are known.
  virtual absl::StatusOr<std::vector<Claim>> List() = 0;
  /// Calls the watcher from the moment on at which the claims are known. The watch may be destroyed
  /// by the watcher itself, within a call.
  virtual std::unique_ptr<ClaimWatch> Watch(std::shared_ptr<ClaimWatcher> watcher) = 0;
};

}  // namespace berth::port
