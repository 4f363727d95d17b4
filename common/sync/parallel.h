#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace berth {

/// Calls `work` with 0 to `count` - 1, each once, on up to `threads` threads, this one among them;
/// returns when all calls have. `work` may not throw.
inline void InParallel(int threads, std::size_t count,
                       const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  const auto run = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      work(i);
    }
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min<std::size_t>(threads, count); ++i) {
    others.emplace_back(run);
  }
  run();
}

}  // namespace berth
