#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "common/kube/clock.h"
#include "common/operation/lease_observer.h"
#include "common/operation/options.h"
#include "common/operation/record.h"

namespace berth::operation {

/// Finds operations of this service that nobody works on and makes this replica their holder: those
/// of replicas whose Lease ran out or is gone, and those that this replica holds by their record
/// yet knows nothing of (their creation failed half-way). Used by one thread at a time.
class Takeover {
 public:
  struct Options {
    std::string service;
    std::string kube_namespace;
    LivenessTimes times;
    /// This replica, as records name it.
    Holder self;
    /// Whether this replica can run a method.
    std::function<bool(const std::string& method)> can_run;
    /// Whether an operation lives here, or is being begun.
    std::function<bool(const std::string& name)> lives_here;
    /// Takes a record whose holder is this replica now.
    std::function<void(Record record)> adopt;
  };

  /// `operations` is the cache of all records; it, client and clock outlive this.
  Takeover(kube::Client& client, kube::Clock& clock, const kube::Cache& operations,
           Options options);

  /// One look at all Leases and records; to be repeated about as often as Leases are renewed.
  /// Blocks.
  absl::Status Look();

 private:
  absl::StatusOr<std::set<std::string>> LivingLeases();
  absl::Status Consider(const Record& seen, const std::set<std::string>& living);
  bool GoneLongEnough(const std::string& lease);
  absl::Status Take(const std::string& name, const std::string& dead_lease);
  absl::Status EndUnseen(const std::string& name);

  kube::Client& client_;
  kube::Clock& clock_;
  const kube::Cache& operations_;
  const Options options_;
  LeaseObserver observer_;
  /// When a Lease that records name was first found gone.
  std::map<std::string, kube::Clock::TimePoint> gone_since_;
  /// Own operations that were unknown at the last look.
  std::set<std::string> orphans_;
};

}  // namespace berth::operation
