#include "helm-service/domain/stoppable_runs.h"

#include <utility>
#include <vector>

namespace berth::helm {

StoppableRuns::Member::Member(StoppableRuns& runs, std::function<void()> wake)
    : runs_(runs), wake_(std::move(wake)) {
  const MutexLock lock(runs_.mutex_);
  runs_.members_.insert(this);
}

StoppableRuns::Member::~Member() {
  const MutexLock lock(runs_.mutex_);
  runs_.members_.erase(this);
  runs_.changed_.NotifyAll();
}

std::unique_ptr<StoppableRuns::Member> StoppableRuns::Join(std::function<void()> wake) {
  return std::unique_ptr<Member>(new Member(*this, std::move(wake)));
}

bool StoppableRuns::stopping() const {
  const MutexLock lock(mutex_);
  return stopping_;
}

void StoppableRuns::StopAll(std::chrono::steady_clock::time_point deadline) {
  std::vector<std::function<void()>> wakes;
  {
    const MutexLock lock(mutex_);
    if (abandoned_) return;
    stopping_ = true;
    for (const Member* member : members_) wakes.push_back(member->wake_);
  }
  for (const auto& wake : wakes) wake();
  const MutexLock lock(mutex_);
  while (!members_.empty() && !abandoned_) {
    if (!changed_.WaitUntil(mutex_, deadline)) return;
  }
}

void StoppableRuns::Abandon() {
  const MutexLock lock(mutex_);
  abandoned_ = true;
  changed_.NotifyAll();
}

bool StoppableRuns::abandoned() const {
  const MutexLock lock(mutex_);
  return abandoned_;
}

}  // namespace berth::helm
