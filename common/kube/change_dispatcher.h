#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/kube/cache.h"
#include "common/sync/mutex.h"

namespace berth::kube {

/// A listener and whether it may still be called.
struct ListenerState {
  explicit ListenerState(Cache::Listener callbacks) : listener(std::move(callbacks)) {}

  const Cache::Listener listener;
  Mutex mutex;
  CondVar returned;
  bool ended ABSL_GUARDED_BY(mutex) = false;
  /// The thread inside a callback, if one is.
  std::thread::id caller ABSL_GUARDED_BY(mutex);
};

/// Tells listeners of changes, one call at a time, on a thread of its own, in the order in which
/// they were handed over. Thread safe.
class ChangeDispatcher {
 public:
  ~ChangeDispatcher() { Stop(); }

  void Start();
  /// What was not told yet is dropped.
  void Stop();

  /// From now on the listener hears of everything; first of `present`, and of the sync if `synced`.
  std::shared_ptr<ListenerState> Add(Cache::Listener listener,
                                     const std::vector<Cache::Object>& present, bool synced);

  /// Waits until all that was handed over before this call was told; whether that was before
  /// `deadline`. Not from a callback.
  bool WaitUntilTold(std::chrono::steady_clock::time_point deadline);

  void TellChanges(std::vector<Cache::Change> changes);
  void TellSynced();
  void TellRewound();

 private:
  using Listeners = std::vector<std::shared_ptr<ListenerState>>;
  enum class News { kChanges, kSynced, kRewound };
  struct Item {
    News news = News::kChanges;
    std::vector<Cache::Change> changes;
    /// Those there were when it happened.
    Listeners listeners;
  };

  void Run();
  void Tell(News news, std::vector<Cache::Change> changes);
  void Enqueue(Item item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Deliver(const Item& item, ListenerState& state);
  /// Unless the listener has ended.
  template <typename Callback, typename... Arguments>
  static void Call(ListenerState& state, const Callback& callback, const Arguments&... arguments);
  Listeners LiveListeners() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<Item> items_ ABSL_GUARDED_BY(mutex_);
  /// How many items were ever handed over, and told.
  std::uint64_t handed_over_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t told_ ABSL_GUARDED_BY(mutex_) = 0;
  CondVar told_more_;
  Listeners listeners_ ABSL_GUARDED_BY(mutex_);
  std::jthread thread_;
};

}  // namespace berth::kube
