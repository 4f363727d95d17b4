#include "common/kube/server_clock.h"

namespace berth::kube {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

/// A sample further off than this is a changed clock, not noise.
constexpr auto kJump = std::chrono::seconds(5);
/// A new sample's weight is one part in this many.
constexpr int kSmoothing = 8;
/// Date is cut to the second: on average the server is this much further.
constexpr auto kMeanTruncation = std::chrono::milliseconds(500);

microseconds SinceEpoch(Clock::TimePoint time) {
  return duration_cast<microseconds>(time.time_since_epoch());
}

}  // namespace

ServerClock::ServerClock(const Clock& clock) : clock_(clock) {}

std::optional<ServerClock::Reading> ServerClock::Read() const {
  const Clock::TimePoint now = clock_.Now();
  MutexLock lock(mutex_);
  if (!offset_) return std::nullopt;
  return Reading{.now = Time(SinceEpoch(now) + *offset_), .sample_age = now - last_sample_};
}

void ServerClock::AddSample(Time date, Clock::TimePoint sent, Clock::TimePoint received) {
  const Clock::TimePoint middle = sent + (received - sent) / 2;
  const microseconds sample = date.time_since_epoch() + kMeanTruncation - SinceEpoch(middle);
  MutexLock lock(mutex_);
  if (!offset_ || sample - *offset_ > kJump || *offset_ - sample > kJump) {
    offset_ = sample;
  } else {
    *offset_ += (sample - *offset_) / kSmoothing;
  }
  last_sample_ = std::max(last_sample_, received);
}

}  // namespace berth::kube
