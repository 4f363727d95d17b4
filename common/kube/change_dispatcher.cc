#include "common/kube/change_dispatcher.h"

#include <pthread.h>

#include <utility>

namespace berth::kube {

void ChangeDispatcher::Start() {
  thread_ = std::jthread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "kube-listeners");
}

void ChangeDispatcher::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  told_more_.NotifyAll();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<ListenerState> ChangeDispatcher::Add(Cache::Listener listener,
                                                     const std::vector<Cache::Object>& present,
                                                     bool synced) {
  auto state = std::make_shared<ListenerState>(std::move(listener));
  std::vector<Cache::Change> changes;
  changes.reserve(present.size());
  for (const Cache::Object& object : present) changes.push_back({.after = object});
  {
    MutexLock lock(mutex_);
    Enqueue({.news = News::kChanges, .changes = std::move(changes), .listeners = {state}});
    if (synced) Enqueue({.news = News::kSynced, .listeners = {state}});
    listeners_.push_back(state);
  }
  wake_.NotifyAll();
  return state;
}

void ChangeDispatcher::TellChanges(std::vector<Cache::Change> changes) {
  Tell(News::kChanges, std::move(changes));
}

void ChangeDispatcher::TellSynced() { Tell(News::kSynced, {}); }

void ChangeDispatcher::TellRewound() { Tell(News::kRewound, {}); }

void ChangeDispatcher::Tell(News news, std::vector<Cache::Change> changes) {
  {
    MutexLock lock(mutex_);
    Listeners listeners = LiveListeners();
    if (listeners.empty()) return;
    Enqueue({.news = news, .changes = std::move(changes), .listeners = std::move(listeners)});
  }
  wake_.NotifyAll();
}

void ChangeDispatcher::Enqueue(Item item) {
  items_.push_back(std::move(item));
  ++handed_over_;
}

bool ChangeDispatcher::WaitUntilTold(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  const std::uint64_t goal = handed_over_;
  while (told_ < goal && !stopping_) {
    if (!told_more_.WaitUntil(mutex_, deadline)) break;
  }
  return told_ >= goal;
}

ChangeDispatcher::Listeners ChangeDispatcher::LiveListeners() {
  std::erase_if(listeners_, [](const std::shared_ptr<ListenerState>& state) {
    MutexLock lock(state->mutex);
    return state->ended;
  });
  return listeners_;
}

void ChangeDispatcher::Run() {
  while (true) {
    Item item;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && items_.empty()) wake_.Wait(mutex_);
      if (stopping_) return;
      item = std::move(items_.front());
      items_.pop_front();
    }
    for (const auto& state : item.listeners) Deliver(item, *state);
    {
      MutexLock lock(mutex_);
      ++told_;
    }
    told_more_.NotifyAll();
  }
}

void ChangeDispatcher::Deliver(const Item& item, ListenerState& state) {
  const Cache::Listener& listener = state.listener;
  switch (item.news) {
    case News::kChanges:
      for (const Cache::Change& change : item.changes) Call(state, listener.on_change, change);
      return;
    case News::kSynced:
      Call(state, listener.on_synced);
      return;
    case News::kRewound:
      Call(state, listener.on_rewound);
      return;
  }
}

template <typename Callback, typename... Arguments>
void ChangeDispatcher::Call(ListenerState& state, const Callback& callback,
                            const Arguments&... arguments) {
  if (!callback) return;
  {
    MutexLock lock(state.mutex);
    if (state.ended) return;
    state.caller = std::this_thread::get_id();
  }
  callback(arguments...);
  {
    MutexLock lock(state.mutex);
    state.caller = std::thread::id();
  }
  state.returned.NotifyAll();
}

Cache::Subscription::Subscription(std::shared_ptr<ListenerState> state)
    : state_(std::move(state)) {}

Cache::Subscription& Cache::Subscription::operator=(Subscription&& other) noexcept {
  if (this != &other) {
    End();
    state_ = std::move(other.state_);
  }
  return *this;
}

Cache::Subscription::~Subscription() { End(); }

void Cache::Subscription::End() {
  if (!state_) return;
  MutexLock lock(state_->mutex);
  state_->ended = true;
  const std::thread::id self = std::this_thread::get_id();
  while (state_->caller != std::thread::id() && state_->caller != self) {
    state_->returned.Wait(state_->mutex);
  }
}

}  // namespace berth::kube
