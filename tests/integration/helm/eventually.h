#pragma once

#include <chrono>
#include <thread>

namespace berth::helm {

/// Polls until `condition` holds; false after `patience`.
template <typename Condition>
bool Eventually(Condition condition, std::chrono::seconds patience = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace berth::helm
