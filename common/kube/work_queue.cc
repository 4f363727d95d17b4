#include "common/kube/work_queue.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "common/kube/jitter.h"

namespace berth::kube {
namespace {

constexpr std::size_t kMaxThreadName = 15;

}  // namespace

WorkQueue::WorkQueue(Options options, Handler handler, Clock& clock)
    : options_(std::move(options)), handler_(std::move(handler)), clock_(clock) {}

WorkQueue::~WorkQueue() { Stop(); }

void WorkQueue::Start() {
  for (int i = 0; i < options_.workers; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
    pthread_setname_np(workers_.back().native_handle(),
                       options_.name.substr(0, kMaxThreadName).c_str());
  }
}

void WorkQueue::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  for (std::jthread& worker : workers_) worker.request_stop();
  wake_.NotifyAll();
  workers_.clear();
}

void WorkQueue::Add(const std::string& key) { AddAfter(key, std::chrono::milliseconds(0)); }

void WorkQueue::AddAfter(const std::string& key, std::chrono::milliseconds delay) {
  {
    MutexLock lock(mutex_);
    Schedule(key, clock_.Now() + delay);
  }
  wake_.NotifyAll();
}

bool WorkQueue::WasAddedMeanwhile(const std::string& key) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  return found != entries_.end() && found->second.running && found->second.due.has_value();
}

std::size_t WorkQueue::size() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

void WorkQueue::Schedule(const std::string& key, Clock::TimePoint due) {
  Entry& entry = entries_[key];
  if (entry.due && *entry.due <= due) return;
  if (!entry.running) {
    if (entry.due) order_.erase({*entry.due, key});
    order_.insert({due, key});
  }
  entry.due = due;
}

void WorkQueue::Work(const std::stop_token& stop) {
  while (true) {
    std::string key;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && (order_.empty() || order_.begin()->first > clock_.Now())) {
        if (order_.empty()) {
          wake_.Wait(mutex_);
        } else {
          clock_.WaitUntil(mutex_, wake_, order_.begin()->first);
        }
      }
      if (stopping_) return;
      key = order_.begin()->second;
      order_.erase(order_.begin());
      Entry& entry = entries_[key];
      entry.due.reset();
      entry.running = true;
    }
    Finish(key, handler_(key, stop));
  }
}

void WorkQueue::Finish(const std::string& key, const Outcome& outcome) {
  if (!outcome.ok() && options_.on_error) options_.on_error(key, outcome.status());
  {
    MutexLock lock(mutex_);
    Entry& entry = entries_[key];
    entry.running = false;
    const std::optional<Clock::TimePoint> added_meanwhile = std::exchange(entry.due, std::nullopt);
    if (outcome.ok()) {
      entry.failures = 0;
      if (*outcome) Schedule(key, clock_.Now() + **outcome);
    } else {
      Schedule(key, clock_.Now() + Backoff(entry.failures++));
    }
    if (added_meanwhile) Schedule(key, *added_meanwhile);
    if (!entry.due) entries_.erase(key);
  }
  wake_.NotifyAll();
}

std::chrono::milliseconds WorkQueue::Backoff(int failures) const {
  auto wait = options_.min_backoff;
  for (int i = 0; i < failures && wait < options_.max_backoff; ++i) wait *= 2;
  return Jittered(std::min(wait, options_.max_backoff));
}

}  // namespace berth::kube
