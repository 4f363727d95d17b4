#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "port-service/domain/claim.h"

namespace berth::port {

/// How many removals that rest on something's absence one pass may make among `total` objects:
/// max(5, 10 %). More mean that what was read is wrong rather than the objects.
std::size_t RemovalLimit(std::size_t total);

/// Remembers bound claims that were seen without a rule: whoever bound them died before it stored
/// the rule, or the rule was removed by force. Two sightings make sure that the rule is not merely
/// about to be stored. Not thread safe.
class LostClaims {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// `interval` lies at least between two sightings.
  explicit LostClaims(std::chrono::milliseconds interval) : interval_(interval) {}

  /// Takes all bound claims that a pass saw without a rule; answers those of them that were seen
  /// so, unchanged, at least `interval` ago. The others are forgotten.
  std::vector<Claim> Confirm(const std::vector<Claim>& without_rule, TimePoint now);

 private:
  const std::chrono::milliseconds interval_;
  /// First sighting, by uid and resource version.
  std::map<std::pair<std::string, std::string>, TimePoint> seen_;
};

}  // namespace berth::port
