#include "common/kube/clock.h"

namespace berth::kube {
namespace {

class SteadyClock final : public Clock {
 public:
  TimePoint Now() const override { return std::chrono::steady_clock::now(); }

  void WaitUntil(Mutex& mutex, CondVar& wake, TimePoint time) override
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    wake.WaitUntil(mutex, time);
  }
};

}  // namespace

Clock& RealClock() {
  static SteadyClock clock;
  return clock;
}

}  // namespace berth::kube
