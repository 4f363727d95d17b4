#include "port-service/domain/claim_lifecycle.h"

#include <fmt/format.h>

#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::port {
namespace {

constexpr int kMaxTries = 5;
constexpr std::chrono::seconds kQuarantineWithoutPool = std::chrono::minutes(10);

absl::Status NoClaim(const pool::ClaimName& name, const std::string& uid) {
  return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CLAIM_NOT_FOUND,
               fmt::format("no claim '{}' with uid '{}'", name.ToString(), uid))
      .WithMetadata("claim", name.ToString());
}

absl::Status PoolGone(const Claim& claim, std::string_view problem) {
  return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_POOL_NOT_READY,
               fmt::format("the pool of claim '{}' {}", claim.name.ToString(), problem))
      .WithMetadata("pool", claim.name.pool().value());
}

}  // namespace

absl::StatusOr<Quarantine> NextQuarantine(ClusterReader& cluster, const ServerNow& now,
                                          const Claim& claim) {
  const absl::StatusOr<pool::Pool> pool = cluster.ReadPool(claim.name.pool());
  if (!pool.ok() && !absl::IsNotFound(pool.status())) {
    return pool.status();
  }
  ASSIGN_OR_RETURN(const kube::Time time, now());
  return QuarantineFrom(time, pool.ok() ? pool->quarantine : kQuarantineWithoutPool);
}

ClaimLifecycle::ClaimLifecycle(ClaimStore& store, ClaimView& view, ClusterReader& cluster,
                               Pools& pools, ServerNow now)
    : store_(store), view_(view), cluster_(cluster), pools_(pools), now_(std::move(now)) {}

/// OK if the pool that the claim was made in exists and is to stay. A pool that was seen to be so
/// may be on its way out by now, as it may be right after any read: its claims hold it.
absl::Status ClaimLifecycle::CheckPool(const Claim& claim) {
  if (const auto seen = pools_.Find(claim.name.pool());
      seen.ok() && (*seen)->pool.uid == claim.pool_uid && !(*seen)->pool.deleting) {
    return absl::OkStatus();
  }
  const absl::StatusOr<pool::Pool> pool = cluster_.ReadPool(claim.name.pool());
  if (absl::IsNotFound(pool.status())) {
    return PoolGone(claim, "is gone");
  }
  RETURN_IF_ERROR(pool.status());
  if (pool->uid != claim.pool_uid) {
    return PoolGone(claim, "is gone, another one has its name");
  }
  return pool->deleting ? PoolGone(claim, "is being deleted") : absl::OkStatus();
}

absl::StatusOr<Claim> ClaimLifecycle::Bind(const pool::ClaimName& name, const std::string& uid,
                                           const std::string& rule) {
  return Change(name, uid, [&](const Claim& claim) -> absl::StatusOr<Claim> {
    ASSIGN_OR_RETURN(Claim bound, Bound(claim, rule));
    if (bound != claim) {
      RETURN_IF_ERROR(CheckPool(claim));
    }
    return bound;
  });
}

absl::StatusOr<Claim> ClaimLifecycle::Unbind(const pool::ClaimName& name, const std::string& uid) {
  return Change(name, uid, Unbound);
}

absl::StatusOr<Claim> ClaimLifecycle::Renew(const pool::ClaimName& name, const std::string& uid,
                                            std::optional<std::chrono::seconds> ttl) {
  return Change(name, uid, [&](const Claim& claim) -> absl::StatusOr<Claim> {
    ASSIGN_OR_RETURN(const kube::Time now, now_());
    return Renewed(claim, now, ttl.value_or(claim.ttl));
  });
}

absl::StatusOr<Claim> ClaimLifecycle::Release(const pool::ClaimName& name, const std::string& uid) {
  return Change(name, uid, [&](const Claim& claim) -> absl::StatusOr<Claim> {
    ASSIGN_OR_RETURN(const Quarantine quarantine, NextQuarantine(cluster_, now_, claim));
    return Released(claim, quarantine);
  });
}

absl::StatusOr<Claim> ClaimLifecycle::Change(const pool::ClaimName& name, const std::string& uid,
                                             const Transition& transition) {
  if (const std::optional<Claim> seen = view_.Find(name); seen && seen->uid == uid) {
    const absl::StatusOr<Claim> changed = transition(*seen);
    if (changed.ok() && *changed != *seen) {
      absl::StatusOr<Claim> stored = store_.Replace(*changed);
      if (!absl::IsAborted(stored.status()) && !absl::IsNotFound(stored.status())) {
        return stored;
      }
    }
  }
  absl::Status conflict;
  for (int i = 0; i < kMaxTries; ++i) {
    ASSIGN_OR_RETURN(const Claim claim, store_.Get(name));
    if (claim.uid != uid) {
      return NoClaim(name, uid);
    }
    ASSIGN_OR_RETURN(const Claim changed, transition(claim));
    if (changed == claim) {
      return claim;
    }
    absl::StatusOr<Claim> stored = store_.Replace(changed);
    if (!absl::IsAborted(stored.status())) {
      return stored;
    }
    conflict = stored.status();
  }
  return conflict;
}

}  // namespace berth::port
