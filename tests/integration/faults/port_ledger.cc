#include "tests/integration/faults/port_ledger.h"

#include <fmt/format.h>

namespace berth::faults {

using std::chrono::steady_clock;

void PortLedger::HandedOut(const std::string& claim, const std::string& uid,
                           const std::string& request, TimePoint until) {
  MutexLock lock(mutex_);
  ++handed_out_;
  const auto held = holdings_.find(claim);
  if (held != holdings_.end() && held->second.request != request &&
      (held->second.uid == uid || held->second.until > steady_clock::now())) {
    violations_.push_back(fmt::format("{} was handed out to {} (uid {}) while {} (uid {}) holds it",
                                      claim, request, uid, held->second.request, held->second.uid));
  }
  holdings_[claim] = {.uid = uid, .request = request, .until = until};
}

void PortLedger::Renewed(const std::string& claim, const std::string& uid, TimePoint until) {
  Extend(claim, uid, until);
}

void PortLedger::Bound(const std::string& claim, const std::string& uid) {
  Extend(claim, uid, TimePoint::max());
}

void PortLedger::Extend(const std::string& claim, const std::string& uid, TimePoint until) {
  MutexLock lock(mutex_);
  const auto held = holdings_.find(claim);
  if (held != holdings_.end() && held->second.uid == uid) {
    held->second.until = until;
  } else {
    violations_.push_back(
        fmt::format("{} (uid {}) was answered as live after another had it", claim, uid));
  }
}

void PortLedger::GivenBack(const std::string& claim, const std::string& uid) {
  MutexLock lock(mutex_);
  const auto held = holdings_.find(claim);
  if (held != holdings_.end() && held->second.uid == uid) held->second.until = TimePoint::min();
}

std::vector<std::string> PortLedger::violations() const {
  MutexLock lock(mutex_);
  return violations_;
}

int PortLedger::handed_out() const {
  MutexLock lock(mutex_);
  return handed_out_;
}

}  // namespace berth::faults
