#include "helm-service/domain/release_feed.h"

#include <pthread.h>

#include <utility>

namespace berth::helm {

void ReleaseFeed::Start() {
  thread_ = std::jthread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "release-feed");
}

void ReleaseFeed::Stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

void ReleaseFeed::Publish(Summary release) { Add(std::move(release)); }

void ReleaseFeed::Withdraw(ReleaseKey key) { Add(std::move(key)); }

void ReleaseFeed::Open() { Add(Opening{}); }

void ReleaseFeed::Watch(const std::shared_ptr<ReleaseWatcher>& watcher) { Add(Watcher(watcher)); }

void ReleaseFeed::Add(Item item) {
  {
    const MutexLock lock(mutex_);
    items_.push_back(std::move(item));
  }
  wake_.NotifyAll();
}

void ReleaseFeed::Run() {
  while (true) {
    std::deque<Item> items;
    {
      const MutexLock lock(mutex_);
      while (!stopping_ && items_.empty()) wake_.Wait(mutex_);
      if (stopping_) return;
      items.swap(items_);
    }
    for (const Item& item : items) {
      std::visit([this](const auto& news) { Handle(news); }, item);
    }
  }
}

void ReleaseFeed::Handle(const Summary& release) {
  Summary& published = published_[release->key];
  const Summary before = std::exchange(published, release);
  Tell(before, release);
}

void ReleaseFeed::Handle(const ReleaseKey& gone) {
  const auto found = published_.find(gone);
  if (found == published_.end()) return;
  const Summary before = std::move(found->second);
  published_.erase(found);
  Tell(before, nullptr);
}

void ReleaseFeed::Handle(Opening) {
  if (std::exchange(open_, true)) return;
  for (const Watcher& held : watchers_) {
    if (const auto watcher = held.lock()) watcher->OnSnapshot(All());
  }
}

void ReleaseFeed::Handle(const Watcher& held) {
  const auto watcher = held.lock();
  if (watcher == nullptr) return;
  watchers_.push_back(held);
  if (open_) watcher->OnSnapshot(All());
}

void ReleaseFeed::Tell(const Summary& before, const Summary& after) {
  std::erase_if(watchers_, [](const Watcher& held) { return held.expired(); });
  if (!open_) return;
  for (const Watcher& held : watchers_) {
    if (const auto watcher = held.lock()) watcher->OnChange(before, after);
  }
}

std::vector<Summary> ReleaseFeed::All() const {
  std::vector<Summary> all;
  all.reserve(published_.size());
  for (const auto& [key, release] : published_) all.push_back(release);
  return all;
}

}  // namespace berth::helm
