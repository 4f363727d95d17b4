#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "common/kube/cache.h"
#include "common/kube/client.h"

namespace berth::pool {

/// A watch whose owner asks what it shows, and is told when that may have changed.
///
/// Threads: its cache's, from the constructor to the destructor; all methods may be called from any
/// thread. Lifetime: the client must outlive it.
class ToldWatch {
 public:
  struct Options {
    kube::Cache::Options cache;
    /// Whether on_change is to be told a change that came after the first list.
    std::function<bool(const kube::Cache::Change& change)> matters;
    /// Called after such a change, and after the first list; may not block.
    std::function<void()> on_change;
    /// Called when the API server's store was put back to an earlier state; may not block.
    std::function<void()> on_rewound;
  };

  ToldWatch(kube::Client& client, Options options);

  ToldWatch(const ToldWatch&) = delete;
  ToldWatch& operator=(const ToldWatch&) = delete;

  const kube::Resource& resource() const { return resource_; }
  /// Whether the whole of the first list was told.
  bool told() const { return told_; }
  /// Counts what was told.
  std::uint64_t changes() const { return changes_; }
  const kube::Cache& cache() const { return cache_; }

 private:
  const kube::Resource resource_;
  std::atomic<bool> told_ = false;
  std::atomic<std::uint64_t> changes_ = 0;
  kube::Cache cache_;
  /// Ends before the cache.
  kube::Cache::Subscription subscription_;
};

}  // namespace berth::pool
