#include "port-service/domain/sweep.h"

#include "common/pool/pool.h"
#include "common/status/macros.h"

namespace berth::port {
namespace {

using std::chrono::milliseconds;

/// The 30 s of a writer, and what the API server may take to carry a write out.
constexpr std::chrono::seconds kLastWrite{35};
/// How long until what is still there is looked for again.
constexpr milliseconds kSweepInterval = std::chrono::seconds(5);

/// Whether the driver of the claim's pool writes objects into other namespaces; a pool that is gone
/// may have had such a one. A pool's driver never changes.
absl::StatusOr<bool> MayHaveObjects(ClusterReader& cluster, const Claim& claim) {
  const absl::StatusOr<pool::Pool> pool = cluster.ReadPool(claim.name.pool());
  if (absl::IsNotFound(pool.status())) {
    return true;
  }
  RETURN_IF_ERROR(pool.status());
  const bool shares_its_objects =
      pool->driver == pool::Driver::kConfigMap || pool->driver == pool::Driver::kHelmValues;
  return pool->uid != claim.pool_uid || !shares_its_objects;
}

}  // namespace

absl::StatusOr<milliseconds> UntilSwept(ClusterReader& cluster, const Claim& claim,
                                        kube::Time now) {
  if (!claim.ever_bound) {
    return milliseconds(0);
  }
  ASSIGN_OR_RETURN(const bool may_have_objects, MayHaveObjects(cluster, claim));
  if (!may_have_objects) {
    return milliseconds(0);
  }
  const kube::Time begin = claim.quarantine_begin.value_or(claim.quarantine_end.value_or(now));
  const kube::Time last_write = begin + kLastWrite;
  if (now < last_write) {
    return std::chrono::ceil<milliseconds>(last_write - now);
  }
  ASSIGN_OR_RETURN(const bool has_objects, cluster.HasObjects(claim));
  return has_objects ? kSweepInterval : milliseconds(0);
}

}  // namespace berth::port
