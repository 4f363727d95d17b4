#include "common/kube/jitter.h"

#include <random>

namespace berth::kube {

std::chrono::milliseconds Jittered(std::chrono::milliseconds wait) {
  thread_local std::minstd_rand engine(std::random_device{}());
  std::uniform_real_distribution<double> share(0.5, 1.0);
  return std::chrono::duration_cast<std::chrono::milliseconds>(wait * share(engine));
}

}  // namespace berth::kube
