#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "common/pool/pool_watcher.h"
#include "common/status/status.h"
#include "port-service/adapters/pool_gate.h"
#include "port-service/domain/pools.h"

namespace berth::port {

/// Pools from a watcher, opened by a gate; both are borrowed. Thread safe.
class KubePools : public Pools {
 public:
  KubePools(const pool::PoolWatcher& watcher, const PoolGate& gate)
      : watcher_(watcher), gate_(gate) {}

  absl::StatusOr<std::shared_ptr<const pool::PoolState>> Find(const pool::PoolName& name) override {
    return watcher_.Find(name);
  }
  absl::StatusOr<std::vector<std::shared_ptr<const pool::PoolState>>> List() override {
    if (!watcher_.synced()) {
      return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                   "the pools have not been read yet")
          .WithRetryAfter(std::chrono::seconds(1));
    }
    return watcher_.List();
  }
  absl::Status CheckOpen(const pool::Pool& pool) override { return gate_.CheckOpen(pool); }

 private:
  const pool::PoolWatcher& watcher_;
  const PoolGate& gate_;
};

}  // namespace berth::port
