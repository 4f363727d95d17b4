#pragma once

#include <deque>
#include <map>
#include <memory>
#include <thread>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/sync/mutex.h"
#include "helm-service/domain/release_catalog.h"
#include "helm-service/domain/release_summary.h"

namespace berth::helm {

/// Tells watchers of releases: of all there are, then of each change, in the order in which these
/// were published. Watchers are called on a thread of its own, one call at a time, from the moment
/// the feed was opened: before, too little is known to be told. Thread safe.
class ReleaseFeed {
 public:
  ReleaseFeed() = default;
  ~ReleaseFeed() { Stop(); }
  ReleaseFeed(const ReleaseFeed&) = delete;
  ReleaseFeed& operator=(const ReleaseFeed&) = delete;

  void Start();
  /// What was not told yet is dropped.
  void Stop();

  /// A release, with its facts, is new or has changed.
  void Publish(Summary release);
  /// A release is gone; nothing happens if it was never published.
  void Withdraw(ReleaseKey key);
  /// All releases that were there at the start are published. Again it does nothing.
  void Open();

  /// Held weakly: a watcher that is destroyed is not called any more.
  void Watch(const std::shared_ptr<ReleaseWatcher>& watcher);

 private:
  struct Opening {};
  using Watcher = std::weak_ptr<ReleaseWatcher>;
  using Item = std::variant<Summary, ReleaseKey, Opening, Watcher>;

  void Add(Item item);
  void Run();

  // On the feed's thread alone.
  void Handle(const Summary& release);
  void Handle(const ReleaseKey& gone);
  void Handle(Opening opening);
  void Handle(const Watcher& watcher);
  void Tell(const Summary& before, const Summary& after);
  std::vector<Summary> All() const;
  std::map<ReleaseKey, Summary> published_;
  std::vector<Watcher> watchers_;
  bool open_ = false;

  Mutex mutex_;
  CondVar wake_;
  std::deque<Item> items_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::jthread thread_;
};

}  // namespace berth::helm
