#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace berth::ingress {

/// Runs tasks as if at once, one step at a time: a task goes on until it calls Step, then a task
/// chosen by the seed does. The same seed gives the same order.
class Interleaver {
 public:
  explicit Interleaver(std::uint32_t seed) : random_(seed) {}

  void Run(const std::vector<std::function<void()>>& tasks) {
    waiting_.assign(tasks.size(), true);
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      threads.emplace_back([this, i, &task = tasks[i]] {
        {
          std::unique_lock lock(mutex_);
          wake_.wait(lock, [&] { return current_ == i; });
        }
        self_ = i;
        task();
        std::unique_lock lock(mutex_);
        waiting_[i] = false;
        ChooseNext();
      });
    }
    std::unique_lock lock(mutex_);
    ChooseNext();
  }

  /// Called by tasks; does nothing outside of one.
  void Step() {
    if (self_ == kNobody) {
      return;
    }
    std::unique_lock lock(mutex_);
    ChooseNext();
    wake_.wait(lock, [&] { return current_ == self_; });
  }

 private:
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

  void ChooseNext() {
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if (waiting_[i]) {
        left.push_back(i);
      }
    }
    current_ = left.empty() ? kNobody : left[random_() % left.size()];
    wake_.notify_all();
  }

  std::mt19937 random_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<bool> waiting_;
  std::size_t current_ = kNobody;
  static thread_local std::size_t self_;
};

inline thread_local std::size_t Interleaver::self_ = Interleaver::kNobody;

}  // namespace berth::ingress
