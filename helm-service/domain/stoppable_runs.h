#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <set>

#include "absl/base/thread_annotations.h"
#include "common/sync/mutex.h"

namespace berth::helm {

/// The operations of this process whose Helm may be told to stop when the process must end: Helm
/// ends them itself, with a release that is not locked. Thread safe; outlives its members.
class StoppableRuns {
 public:
  /// An operation that runs such a Helm; destroyed when the operation has ended here.
  class Member {
   public:
    ~Member();
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;

   private:
    friend class StoppableRuns;
    Member(StoppableRuns& runs, std::function<void()> wake);

    StoppableRuns& runs_;
    const std::function<void()> wake_;
  };

  /// `wake` is called, from any thread, when it is to stop; it must not block or touch members.
  std::unique_ptr<Member> Join(std::function<void()> wake);

  /// Whether members are to stop.
  bool stopping() const;

  /// Tells all members to stop and waits until there are none, at most until `deadline`. Does
  /// nothing after Abandon.
  void StopAll(std::chrono::steady_clock::time_point deadline);

  /// Nothing may be waited for any more: another replica may already take over.
  void Abandon();
  bool abandoned() const;

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  std::set<Member*> members_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace berth::helm
