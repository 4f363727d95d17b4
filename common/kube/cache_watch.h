#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "common/kube/cache.h"
#include "common/kube/json.h"
#include "common/kube/object.h"

namespace berth::kube {

/// Tells what a cache holds as items of another type: all of them once, then each change.
///
/// Threads: the callbacks run one at a time on the cache's listener thread and may not block. May
/// be destroyed on any thread, within a callback too; after that none runs.
template <typename Item>
class CacheWatch {
 public:
  using ItemPtr = std::shared_ptr<const Item>;

  struct Callbacks {
    /// Null for an object that is to be passed over.
    std::function<ItemPtr(const Json& object)> read;
    /// Once: everything there is, ordered by namespace and name.
    std::function<void(const std::vector<ItemPtr>& items)> on_snapshot;
    /// `before` is null for a new item, `after` for one that is gone.
    std::function<void(const ItemPtr& before, const ItemPtr& after)> on_change;
  };

  CacheWatch(Cache& cache, Callbacks callbacks)
      : callbacks_(std::make_shared<const Callbacks>(std::move(callbacks))) {
    subscription_ = cache.AddListener({
        .on_change = [this](const Cache::Change& change) { Follow(change); },
        .on_synced = [this] { TellSnapshot(); },
    });
  }

 private:
  // What comes before the cache has told its first state is the snapshot.
  void Follow(const Cache::Change& change) {
    if (!told_) {
      if (change.after == nullptr) {
        snapshot_.erase(NameOf(*change.before));
      } else {
        snapshot_.insert_or_assign(NameOf(*change.after), change.after);
      }
      return;
    }
    const auto callbacks = callbacks_;  // outlives this watch if the call ends it
    const ItemPtr before = change.before == nullptr ? nullptr : callbacks->read(*change.before);
    const ItemPtr after = change.after == nullptr ? nullptr : callbacks->read(*change.after);
    if (before != nullptr || after != nullptr) callbacks->on_change(before, after);
  }

  void TellSnapshot() {
    const auto callbacks = callbacks_;
    std::vector<ItemPtr> items;
    for (const auto& [name, object] : snapshot_) {
      if (ItemPtr item = callbacks->read(*object)) items.push_back(std::move(item));
    }
    snapshot_.clear();
    told_ = true;
    callbacks->on_snapshot(items);
  }

  const std::shared_ptr<const Callbacks> callbacks_;
  // Of the listener thread alone.
  std::map<ObjectName, Cache::Object> snapshot_;
  bool told_ = false;
  /// Last, because its calls use all of the above.
  Cache::Subscription subscription_;
};

}  // namespace berth::kube
