#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "common/kube/clock.h"
#include "common/sync/mutex.h"

namespace berth::ingress {

/// Rules whose claim this replica read as bound to them after they were stored. From such a read on
/// the claim stays theirs until they are removed, so they may be programmed before their acceptance
/// is stored: a claim rests only once a consistent read finds no rule.
///
/// What it knows it forgets after 10 to 20 minutes, when the rules' statuses say it. Thread safe;
/// borrows the clock.
class ConfirmedRules {
 public:
  explicit ConfirmedRules(const kube::Clock& clock) : clock_(clock), since_(clock.Now()) {}

  void Add(const std::string& rule_uid);
  bool Contains(const std::string& rule_uid) const;
  /// Goes up with every rule that is added.
  std::uint64_t version() const;

 private:
  const kube::Clock& clock_;

  mutable Mutex mutex_;
  std::uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  /// Those added since `since_`, and those of the time before that.
  std::set<std::string> recent_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> earlier_ ABSL_GUARDED_BY(mutex_);
  kube::Clock::TimePoint since_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::ingress
