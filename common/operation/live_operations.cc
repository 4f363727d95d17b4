#include "common/operation/live_operations.h"

#include <fmt/format.h>

#include <utility>

#include "common/status/status.h"

namespace berth::operation {
namespace {

// Rings of ended operations: their late readers get every line, at most 1 MiB each.
constexpr std::size_t kKeptFeeds = 32;

}  // namespace

LiveOperations::Place::Place(Place&& other) noexcept
    : live_(std::exchange(other.live_, nullptr)),
      name_(std::move(other.name_)),
      input_bytes_(other.input_bytes_) {}

LiveOperations::Place::~Place() {
  if (live_ != nullptr) live_->GiveBack(*this);
}

absl::StatusOr<std::optional<LiveOperations::Place>> LiveOperations::Reserve(
    const std::string& name, std::size_t input_bytes) {
  MutexLock lock(mutex_);
  while (beginning_.contains(name)) changed_.Wait(mutex_);
  if (held_.contains(name)) return std::nullopt;
  if (held_.size() + beginning_.size() >= limits_.operations ||
      input_bytes_ + input_bytes > limits_.input_bytes) {
    return Error(absl::StatusCode::kResourceExhausted, Reason::ERROR_REASON_QUEUE_FULL,
                 fmt::format("this replica holds {} operations with {} bytes of requests and takes "
                             "no more; repeat the call later",
                             held_.size(), input_bytes_))
        .WithRetryAfter(std::chrono::seconds(5));
  }
  beginning_.insert(name);
  input_bytes_ += input_bytes;
  return Place(*this, name, input_bytes);
}

std::optional<LiveOperations::Place> LiveOperations::ReserveForTakeover(const std::string& name) {
  MutexLock lock(mutex_);
  if (beginning_.contains(name) || held_.contains(name)) return std::nullopt;
  beginning_.insert(name);
  return Place(*this, name, 0);
}

void LiveOperations::Add(Place place, Entry entry) {
  MutexLock lock(mutex_);
  beginning_.erase(place.name_);
  held_[place.name_] = {std::move(entry), place.input_bytes_};
  place.live_ = nullptr;
  changed_.NotifyAll();
}

void LiveOperations::GiveBack(const Place& place) {
  MutexLock lock(mutex_);
  beginning_.erase(place.name_);
  input_bytes_ -= place.input_bytes_;
  changed_.NotifyAll();
}

std::shared_ptr<OperationRunner> LiveOperations::FindRunner(const std::string& name) const {
  MutexLock lock(mutex_);
  const auto held = held_.find(name);
  return held == held_.end() ? nullptr : held->second.entry.runner;
}

std::shared_ptr<ProgressFeed> LiveOperations::FindFeed(const std::string& name) const {
  MutexLock lock(mutex_);
  if (const auto held = held_.find(name); held != held_.end()) return held->second.entry.feed;
  const auto ended = ended_.find(name);
  return ended == ended_.end() ? nullptr : ended->second;
}

bool LiveOperations::Contains(const std::string& name) const {
  MutexLock lock(mutex_);
  return beginning_.contains(name) || held_.contains(name);
}

void LiveOperations::Finish(const std::string& name, bool keep_feed) {
  Held finished;  // destroyed, with the handler's state, outside of the lock
  MutexLock lock(mutex_);
  const auto held = held_.find(name);
  if (held == held_.end()) return;
  finished = std::move(held->second);
  held_.erase(held);
  input_bytes_ -= finished.input_bytes;
  if (keep_feed) {
    std::erase(ended_order_, name);
    ended_order_.push_back(name);
    ended_[name] = finished.entry.feed;
    if (ended_order_.size() > kKeptFeeds) {
      ended_.erase(ended_order_.front());
      ended_order_.pop_front();
    }
  }
  changed_.NotifyAll();
}

void LiveOperations::Forget(const std::string& name) {
  std::shared_ptr<ProgressFeed> forgotten;
  MutexLock lock(mutex_);
  const auto ended = ended_.find(name);
  if (ended == ended_.end()) return;
  forgotten = std::move(ended->second);
  ended_.erase(ended);
  std::erase(ended_order_, name);
}

std::vector<LiveOperations::Entry> LiveOperations::All() const {
  MutexLock lock(mutex_);
  std::vector<Entry> all;
  all.reserve(held_.size());
  for (const auto& [name, held] : held_) all.push_back(held.entry);
  return all;
}

bool LiveOperations::WaitUntilEmpty(std::chrono::steady_clock::time_point deadline) const {
  MutexLock lock(mutex_);
  while (!held_.empty() || !beginning_.empty()) {
    if (!changed_.WaitUntil(mutex_, deadline)) return held_.empty() && beginning_.empty();
  }
  return true;
}

}  // namespace berth::operation
