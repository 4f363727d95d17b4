#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/sync/mutex.h"

namespace berth::faults {

/// Who holds which port, judged from the answers that callers got. A port is held from the answer
/// that hands it out until its caller sends the call that gives it back, or until it may expire.
/// Thread safe.
class PortLedger {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// A claim was handed out to `request`; it cannot expire before `until`.
  void HandedOut(const std::string& claim, const std::string& uid, const std::string& request,
                 TimePoint until);
  /// It was renewed, and cannot expire before `until`.
  void Renewed(const std::string& claim, const std::string& uid, TimePoint until);
  /// A rule was answered as stored for it: it does not expire any more.
  void Bound(const std::string& claim, const std::string& uid);
  /// To be called before it is given back, or its object or rule is deleted.
  void GivenBack(const std::string& claim, const std::string& uid);

  /// Every moment at which two held one port, as a sentence.
  std::vector<std::string> violations() const;
  int handed_out() const;

 private:
  struct Holding {
    std::string uid;
    std::string request;
    TimePoint until;
  };

  void Extend(const std::string& claim, const std::string& uid, TimePoint until);

  mutable Mutex mutex_;
  std::map<std::string, Holding> holdings_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> violations_ ABSL_GUARDED_BY(mutex_);
  int handed_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace berth::faults
