#include "common/operation/lease_observer.h"

#include <utility>

namespace berth::operation {

std::vector<LeaseObserver::Sighting> LeaseObserver::Observe(const std::vector<Sighting>& leases,
                                                            TimePoint now) {
  std::map<std::string, Seen> seen;
  std::vector<Sighting> suspects;
  for (const Sighting& lease : leases) {
    const auto before = seen_.find(lease.name);
    const bool unchanged = before != seen_.end() && before->second.sighting == lease;
    const TimePoint since = unchanged ? before->second.since : now;
    if (now - since >= duration_) suspects.push_back(lease);
    seen.emplace(lease.name, Seen{lease, since});
  }
  seen_ = std::move(seen);
  return suspects;
}

}  // namespace berth::operation
