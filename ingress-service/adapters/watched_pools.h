#pragma once

#include <string>
#include <utility>

#include "common/kube/client.h"
#include "common/pool/pool_watcher.h"
#include "ingress-service/domain/pools.h"

namespace berth::ingress {

/// Pools as common/pool watches them. Thread safe; borrows both.
class WatchedPools : public Pools {
 public:
  WatchedPools(kube::Client& client, const pool::PoolWatcher& watcher, std::string ns)
      : client_(client), watcher_(watcher), ns_(std::move(ns)) {}

  absl::StatusOr<std::shared_ptr<const pool::PoolState>> Find(
      const pool::PoolName& name) const override;
  std::vector<std::shared_ptr<const pool::PoolState>> List() const override;
  absl::StatusOr<std::optional<std::size_t>> ApprovedRemovals(const pool::PoolName& name) override;

 private:
  kube::Client& client_;
  const pool::PoolWatcher& watcher_;
  const std::string ns_;
};

}  // namespace berth::ingress
