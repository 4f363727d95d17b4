#include "gateway/domain/orphans.h"

#include <algorithm>
#include <set>
#include <utility>

namespace berth::gateway {
namespace {

constexpr int kAlwaysAllowed = 5;

int CountOf(const std::map<std::string, int>& counts, const std::string& pool) {
  const auto found = counts.find(pool);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

std::vector<HeldItem> OrphanSightings::Ripe(const std::vector<HeldItem>& missing, TimePoint now) {
  std::set<std::string> present;
  std::vector<HeldItem> ripe;
  for (const HeldItem& item : missing) {
    present.insert(item.claim_uid);
    if (now - first_seen_.emplace(item.claim_uid, now).first->second >= kApart) {
      ripe.push_back(item);
    }
  }
  std::erase_if(first_seen_, [&](const auto& seen) { return !present.contains(seen.first); });
  return ripe;
}

Brake ApplyBrake(const std::vector<HeldItem>& ripe, const std::map<std::string, int>& held,
                 const std::map<std::string, int>& approved) {
  std::map<std::string, std::set<std::string>> by_pool;
  for (const HeldItem& item : ripe) {
    by_pool[item.pool].insert(item.claim_uid);
  }
  Brake brake;
  for (const auto& [pool, uids] : by_pool) {
    const int count = static_cast<int>(uids.size());
    if (count > std::max(kAlwaysAllowed, CountOf(held, pool) / 10) &&
        count != CountOf(approved, pool)) {
      brake.stopped[pool] = count;
    }
  }
  std::copy_if(ripe.begin(), ripe.end(), std::back_inserter(brake.removable),
               [&](const HeldItem& item) { return !brake.stopped.contains(item.pool); });
  return brake;
}

}  // namespace berth::gateway
