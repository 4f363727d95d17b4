#include "common/operation/wait_until_ready.h"

#include <thread>

#include "common/status/status.h"

namespace berth::operation {

absl::Status WaitUntilReady(const Manager& manager,
                            std::chrono::steady_clock::time_point deadline) {
  while (!manager.ready()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                   "the operations could not be read in time");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return absl::OkStatus();
}

}  // namespace berth::operation
