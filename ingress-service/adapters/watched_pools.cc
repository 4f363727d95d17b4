#include "ingress-service/adapters/watched_pools.h"

#include <charconv>

#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"

namespace berth::ingress {
namespace {

constexpr std::string_view kRepairApproved = "berth.dev/repair-approved";

}  // namespace

absl::StatusOr<std::shared_ptr<const pool::PoolState>> WatchedPools::Find(
    const pool::PoolName& name) const {
  return watcher_.Find(name);
}

std::vector<std::shared_ptr<const pool::PoolState>> WatchedPools::List() const {
  return watcher_.List();
}

absl::StatusOr<std::optional<std::size_t>> WatchedPools::ApprovedRemovals(
    const pool::PoolName& name) {
  ASSIGN_OR_RETURN(const kube::Json pool, client_.Get(kube::kPortPools, {ns_, name.value()},
                                                      {.form = kube::Form::kMetadata}));
  const std::string text = kube::Annotation(pool, kRepairApproved).value_or("");
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return count;
}

}  // namespace berth::ingress
