#include "helm-service/domain/slot_wait.h"

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/status/status.h"
#include "common/sync/mutex.h"

namespace berth::helm {
namespace {

// Shared with the ticket's wake-up, which may come when nobody waits any more.
class WakeUp {
 public:
  void Wake() {
    const MutexLock lock(mutex_);
    woken_ = true;
    changed_.NotifyAll();
  }

  bool WaitUntil(std::chrono::steady_clock::time_point deadline) {
    const MutexLock lock(mutex_);
    while (!woken_ && changed_.WaitUntil(mutex_, deadline)) {
    }
    return woken_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ProcessSlots::Ticket>> WaitForSlot(
    ProcessSlots& slots, const std::string& ns, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const auto wake_up = std::make_shared<WakeUp>();
  std::unique_ptr<ProcessSlots::Ticket> ticket = slots.Enter(ns, [wake_up] { wake_up->Wake(); });
  if (ticket->granted() || wake_up->WaitUntil(deadline)) return ticket;
  return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_TOO_MANY_CALLS,
               "as many Helm processes run as may: repeat the call")
      .WithRetryAfter(std::chrono::seconds(5));
}

}  // namespace berth::helm
