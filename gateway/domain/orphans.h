#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "gateway/domain/held.h"

namespace berth::gateway {

/// A claim or rule that was made for an exposure and holds a port.
struct HeldItem {
  ExposureRef exposure;
  std::string pool;
  /// Of the claim, and of its rule.
  std::string name;
  std::string claim_uid;
  /// A rule, or a claim that is bound; else an unbound claim.
  bool has_rule = false;
};

/// Remembers which items were seen without their exposure, and since when. One sighting is not
/// enough: two consistent reads, 30 s apart, must agree. Used by one thread.
class OrphanSightings {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kApart{30};

  /// Takes in what a pass found without its exposure, and answers what an earlier pass at least 30
  /// s ago had found so too. What is not among `missing` is forgotten.
  std::vector<HeldItem> Ripe(const std::vector<HeldItem>& missing, TimePoint now);

 private:
  std::map<std::string, TimePoint> first_seen_;
};

/// What a pass may remove, pool by pool.
struct Brake {
  std::vector<HeldItem> removable;
  /// Pools in which nothing is removed, because too much would be, with how much.
  std::map<std::string, int> stopped;
};

/// A pass that would remove more than max(5, 10 %) of a pool's `held` items removes none of them,
/// unless exactly that count was `approved` for the pool.
Brake ApplyBrake(const std::vector<HeldItem>& ripe, const std::map<std::string, int>& held,
                 const std::map<std::string, int>& approved);

}  // namespace berth::gateway
