#pragma once

#include <map>
#include <vector>

#include "common/pool/address.h"
#include "port-service/domain/pools.h"

namespace berth::port {

/// The addresses of pools while one answer is written: each pool is asked for once. Not thread
/// safe. `pools` is borrowed.
class PoolAddresses {
 public:
  explicit PoolAddresses(Pools& pools) : pools_(pools) {}

  /// Empty if there is no such pool.
  const std::vector<pool::Address>& Of(const pool::PoolName& name) {
    const auto [entry, is_new] = known_.try_emplace(name);
    if (is_new) {
      if (const auto pool = pools_.Find(name); pool.ok()) {
        entry->second = (*pool)->addresses;
      }
    }
    return entry->second;
  }

 private:
  Pools& pools_;
  std::map<pool::PoolName, std::vector<pool::Address>> known_;
};

}  // namespace berth::port
