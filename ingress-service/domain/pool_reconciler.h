#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "common/kube/clock.h"
#include "common/kube/time.h"
#include "common/sync/mutex.h"
#include "ingress-service/domain/claims.h"
#include "ingress-service/domain/confirmed_rules.h"
#include "ingress-service/domain/driver.h"
#include "ingress-service/domain/pools.h"
#include "ingress-service/domain/prober.h"
#include "ingress-service/domain/rule_source.h"
#include "ingress-service/domain/rule_store.h"
#include "ingress-service/domain/targets.h"

namespace berth::ingress {

/// Brings a pool's load balancer and its rules in line, one pass at a time, from whatever state it
/// finds: a pass may stop anywhere, and two replicas may run one at the same moment.
///
/// A pass: give back the claims of rules being removed; check the claim of each rule, and delete
/// rules that lost theirs; have the driver make one group of writes for all rules; let go of the
/// rules whose entries are gone; record what was seen.
///
/// Thread safe; borrows everything. Passes block on the API server and on port-service.
class PoolReconciler {
 public:
  struct Options {
    /// Rules whose claim is gone are deleted when it was seen to be gone twice, this far apart.
    std::chrono::milliseconds absence_interval = std::chrono::seconds(30);
    /// How long until a pool is looked at again if nothing happens.
    std::chrono::milliseconds resync_interval = std::chrono::seconds(30);
    /// Whether connections prove that TCP rules are served.
    bool probe = true;
    /// Where to connect to; empty for the load balancer's own address.
    std::string probe_host;
    /// How many claims are read, objects of rules written, or statuses written, at the same time:
    /// each is a call of the API server.
    int parallel_calls = 1;
    /// Wall-clock time for conditions.
    std::function<kube::Time()> now;
    /// Whether something changed since the pass began, so that another one follows at once.
    std::function<bool(const pool::PoolName&)> is_woken = [](const auto&) { return false; };
    /// Told how many entries that others had changed were written again.
    std::function<void(std::size_t)> on_drift_repaired = [](std::size_t) {};
    /// Told how long a rule waited until it was programmed, since this replica first saw it wait.
    std::function<void(std::chrono::nanoseconds)> on_programmed = [](std::chrono::nanoseconds) {};
  };

  struct Dependencies {
    RuleSource& source;
    RuleStore& rules;
    Claims& claims;
    Pools& pools;
    Targets& targets;
    Prober& prober;
    const Drivers& drivers;
    const kube::Clock& clock;
    ConfirmedRules& confirmed;
  };

  struct Outcome {
    /// When to look again at the latest.
    std::chrono::milliseconds again{};
    /// How long to wait for more rules when one comes: the more this pass found that are new, the
    /// longer, so that a flood of them becomes few writes of the shared objects.
    std::chrono::milliseconds gather{};
  };

  PoolReconciler(Dependencies dependencies, Options options)
      : with_(dependencies), options_(std::move(options)) {}

  /// One pass. An error means that something has to be done again; what could be done is done.
  /// FAILED_PRECONDITION, CLAIM_LOST if so many claims are gone that a person has to look first
  /// (annotation berth.dev/repair-approved).
  absl::StatusOr<Outcome> Reconcile(const pool::PoolName& pool);

 private:
  class Pass;

  /// Remembers since when rules wait to be programmed; forgets those that do not any more.
  void NoteWaiting(const pool::PoolName& pool, const RuleSnapshot& rules);
  void TellProgrammed(const Rule& rule);
  std::map<std::string, std::uint64_t> TakeStored(const pool::PoolName& pool);
  void KeepStored(const pool::PoolName& pool, std::map<std::string, std::uint64_t> stored);
  /// True once the absence was first seen long enough ago.
  bool SawAbsenceBefore(const std::string& rule_uid);
  void ForgetAbsence(const std::string& rule_uid);

  const Dependencies with_;
  const Options options_;

  Mutex mutex_;
  /// By uid of the rule: when its claim was first seen to be gone.
  std::map<std::string, kube::Clock::TimePoint> absences_ ABSL_GUARDED_BY(mutex_);
  /// By pool and uid of the rule: the revision of the status that this replica stored last, while
  /// the watch shows an older one.
  std::map<std::string, std::map<std::string, std::uint64_t>> stored_ ABSL_GUARDED_BY(mutex_);
  /// By pool and uid of the rule: when it was first seen to wait.
  std::map<std::string, std::map<std::string, kube::Clock::TimePoint>> waiting_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::ingress
