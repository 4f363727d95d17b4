#include "port-service/domain/claimer.h"

#include <utility>
#include <variant>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::port {
namespace {

/// How often a request begins anew when another call for it has chosen another pool.
constexpr int kMaxRounds = 5;

/// Whether another pool may serve what this one did not.
bool IsOfThePool(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case Reason::ERROR_REASON_POOL_NOT_READY:
    case Reason::ERROR_REASON_POOLS_OVERLAP:
    case Reason::ERROR_REASON_POOL_EXHAUSTED:
    case Reason::ERROR_REASON_PORT_NOT_ALLOWED:
    case Reason::ERROR_REASON_PORT_TAKEN:
    case Reason::ERROR_REASON_QUOTA_EXCEEDED:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::StatusOr<Claimer::Claimed> Claimer::Claim(const ClaimRequest& request) {
  absl::Status problem;
  for (int round = 0; round < kMaxRounds; ++round) {
    ASSIGN_OR_RETURN(const PoolChooser::PoolStates pools, chooser_.Choose(request));
    problem = absl::OkStatus();
    for (const auto& pool : pools) {
      auto claims = allocator_.Allocate(*pool, request);
      if (claims.ok()) {
        return Claimed{.pool = pool, .claims = *std::move(claims)};
      }
      if (!IsOfThePool(claims.status())) {
        problem = claims.status();
        break;
      }
      problem.Update(claims.status());
    }
    const bool chosen = std::holds_alternative<PoolSelector>(request.pool);
    if (!absl::IsAborted(problem) || !chosen) {
      return chosen ? WithCandidates(problem, pools) : problem;
    }
  }
  return problem;
}

absl::Status Claimer::Check(const ClaimRequest& request) {
  ASSIGN_OR_RETURN(const PoolChooser::PoolStates pools, chooser_.Choose(request));
  return pools.front()->usable;
}

}  // namespace berth::port
