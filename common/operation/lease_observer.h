#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace berth::operation {

/// Finds replicas that have stopped renewing their Lease: suspect is one whose resourceVersion this
/// observer has seen unchanged for a whole Lease duration, by its own monotonic clock. Not thread
/// safe.
class LeaseObserver {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// A Lease as listed.
  struct Sighting {
    std::string name;
    std::string uid;
    std::string resource_version;

    friend bool operator==(const Sighting&, const Sighting&) = default;
  };

  explicit LeaseObserver(std::chrono::milliseconds lease_duration) : duration_(lease_duration) {}

  /// Takes in all Leases there are at `now` and returns the suspects among them.
  std::vector<Sighting> Observe(const std::vector<Sighting>& leases, TimePoint now);

 private:
  struct Seen {
    Sighting sighting;
    TimePoint since;
  };

  const std::chrono::milliseconds duration_;
  std::map<std::string, Seen> seen_;
};

}  // namespace berth::operation
