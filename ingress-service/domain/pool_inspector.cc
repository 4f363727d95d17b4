#include "ingress-service/domain/pool_inspector.h"

#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {

absl::StatusOr<PoolInspector::View> PoolInspector::LookAt(const pool::PoolName& pool) const {
  ASSIGN_OR_RETURN(const auto state, pools_.Find(pool));
  ASSIGN_OR_RETURN(Driver * driver, FindDriver(drivers_, state->pool.driver));
  RuleSnapshot rules = rules_.Cached();
  if (rules.revision == 0) {
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                 "the rules are not known yet; repeat the call")
        .WithRetryAfter(std::chrono::seconds(1));
  }
  return View{.driver = driver, .request = RequestFor(pool, pools_, std::move(rules))};
}

absl::StatusOr<std::vector<ObjectDrift>> PoolInspector::FindDrift(
    const pool::PoolName& pool) const {
  ASSIGN_OR_RETURN(const View view, LookAt(pool));
  return view.driver->FindDrift(view.request);
}

absl::StatusOr<std::vector<ForeignEntry>> PoolInspector::FindForeign(
    const pool::PoolName& pool) const {
  ASSIGN_OR_RETURN(const View view, LookAt(pool));
  return view.driver->FindForeign(view.request);
}

}  // namespace berth::ingress
