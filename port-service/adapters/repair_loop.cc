#include "port-service/adapters/repair_loop.h"

#include <set>
#include <stop_token>
#include <utility>

#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::port {
namespace {

constexpr char kPass[] = "pass";

/// What a pass has seen of a pool.
struct PoolClaims {
  std::size_t bound = 0;
  std::vector<Claim> lost;
};

}  // namespace

RepairLoop::RepairLoop(kube::Client& client, Options options, ClaimStore& store, ClaimFeed& feed,
                       ClusterReader& cluster, metrics::Registry& metrics)
    : client_(client),
      options_(std::move(options)),
      store_(store),
      feed_(feed),
      cluster_(cluster),
      metrics_(metrics),
      lost_(options_.interval),
      queue_({.name = "repair",
              .on_error =
                  [](const std::string&, const absl::Status& error) {
                    log::Warning("claims could not be repaired", {{"error", Describe(error)}});
                  }},
             [this](const std::string&, const std::stop_token&) { return Pass(); }) {}

void RepairLoop::Start() {
  queue_.Add(kPass);
  queue_.Start();
}

kube::WorkQueue::Outcome RepairLoop::Pass() {
  ASSIGN_OR_RETURN(const kube::ObjectList rules,
                   client_.List(kube::kPortRules, options_.ns, {.form = kube::Form::kMetadata}));
  std::set<std::string> rule_names;
  for (const kube::Json& rule : rules.items) {
    rule_names.insert(kube::Name(rule));
  }
  ASSIGN_OR_RETURN(const std::vector<Claim> claims, feed_.List());
  std::map<pool::PoolName, PoolClaims> pools;
  std::vector<Claim> without_rule;
  for (const Claim& claim : claims) {
    if (claim.state == ClaimState::kBound) {
      ++pools[claim.name.pool()].bound;
      if (!rule_names.contains(claim.name.ToString())) {
        without_rule.push_back(claim);
      }
    }
  }
  for (const Claim& claim : lost_.Confirm(without_rule, std::chrono::steady_clock::now())) {
    pools[claim.name.pool()].lost.push_back(claim);
  }
  absl::Status problem;
  for (const auto& [pool, seen] : pools) {
    problem.Update(Release(pool, seen.lost, seen.bound));
  }
  RETURN_IF_ERROR(problem);
  return options_.interval;
}

absl::Status RepairLoop::Release(const pool::PoolName& pool, const std::vector<Claim>& lost,
                                 std::size_t bound) {
  bool stopped = false;
  if (lost.size() > RemovalLimit(bound)) {
    ASSIGN_OR_RETURN(const bool approved, IsApproved(pool, lost.size()));
    stopped = !approved;
  }
  metrics_
      .Gauge("repairs_stopped",
             "Claims without a rule that are not released because there are too many at once.",
             {{"pool", pool.value()}})
      .Set(stopped ? static_cast<double>(lost.size()) : 0);
  if (stopped) {
    log::Error("too many bound claims have no rule; annotate the pool to have them released",
               {{"pool", pool.value()},
                {"annotation", kRepairApprovedAnnotation},
                {"count", lost.size()}});
    return absl::OkStatus();
  }
  for (const Claim& claim : lost) {
    RETURN_IF_ERROR(Release(claim));
  }
  return absl::OkStatus();
}

absl::Status RepairLoop::Release(const Claim& claim) {
  ASSIGN_OR_RETURN(const bool has_rule, cluster_.HasRule(claim.name));
  if (has_rule) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Claim unbound, Unbound(claim));
  const absl::Status status = store_.Replace(unbound).status();
  if (absl::IsAborted(status) || absl::IsNotFound(status)) {
    return absl::OkStatus();  // it changed, so it is in use
  }
  RETURN_IF_ERROR(status);
  log::Warning("bound claim without a rule released", {{"claim", claim.name.ToString()}});
  return absl::OkStatus();
}

absl::StatusOr<bool> RepairLoop::IsApproved(const pool::PoolName& pool, std::size_t count) {
  ASSIGN_OR_RETURN(const kube::Json object,
                   client_.Get(kube::kPortPools, {options_.ns, pool.value()}));
  return kube::Annotation(object, kRepairApprovedAnnotation) == std::to_string(count);
}

}  // namespace berth::port
