#pragma once

#include <chrono>

namespace berth::kube {

/// Half to all of `wait`, at random, so that those who failed together do not come back together.
std::chrono::milliseconds Jittered(std::chrono::milliseconds wait);

}  // namespace berth::kube
