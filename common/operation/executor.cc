#include "common/operation/executor.h"

#include <stop_token>
#include <utility>

namespace berth::operation {

Executor::Executor(std::string name, int threads, kube::Clock& clock)
    : queue_(
          {.name = std::move(name), .workers = threads},
          [this](const std::string& key, const std::stop_token&) -> kube::WorkQueue::Outcome {
            if (const std::function<void()> task = Take(key)) task();
            return std::nullopt;
          },
          clock) {}

void Executor::Start() { queue_.Start(); }

void Executor::Stop() {
  queue_.Stop();
  std::map<std::string, std::function<void()>> dropped;
  MutexLock lock(mutex_);
  dropped.swap(tasks_);
}

void Executor::Post(std::function<void()> task) {
  PostAfter(std::chrono::milliseconds(0), std::move(task));
}

void Executor::PostAfter(std::chrono::milliseconds delay, std::function<void()> task) {
  std::string key;
  {
    MutexLock lock(mutex_);
    key = std::to_string(next_++);
    tasks_.emplace(key, std::move(task));
  }
  queue_.AddAfter(key, delay);
}

std::function<void()> Executor::Take(const std::string& key) {
  MutexLock lock(mutex_);
  auto task = tasks_.extract(key);
  return task.empty() ? nullptr : std::move(task.mapped());
}

}  // namespace berth::operation
