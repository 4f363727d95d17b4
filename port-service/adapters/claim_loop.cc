#include "port-service/adapters/claim_loop.h"

#include <chrono>
#include <optional>
#include <stop_token>
#include <vector>

#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::port {
namespace {

using std::chrono::milliseconds;

/// Stands for all claims in the queue; no claim has this name.
constexpr char kAllClaims[] = "*";
constexpr milliseconds kAllClaimsInterval = std::chrono::seconds(30);
/// When to look again at a claim that somebody else changed at the same time, in case the watch
/// does not tell before.
constexpr milliseconds kConflictDelay = std::chrono::seconds(1);

}  // namespace

ClaimLoop::ClaimLoop(kube::Client& client, const std::string& ns, ClaimCache& claims,
                     ClaimReaper& reaper)
    : claims_(claims),
      reaper_(reaper),
      queue_({.name = "claims",
              .workers = 4,
              .on_error =
                  [](const std::string& name, const absl::Status& error) {
                    log::Warning("claim could not be moved on",
                                 {{"claim", name}, {"error", Describe(error)}});
                  }},
             [this](const std::string& name, const std::stop_token&) { return Visit(name); }),
      rules_(client, {.resource = kube::kPortRules, .ns = ns, .form = kube::Form::kMetadata}) {
  subscription_ = rules_.AddListener({.on_change = [this](const kube::Cache::Change& change) {
    if (change.after == nullptr) {
      queue_.Add(kube::Name(*change.before));
    }
  }});
}

void ClaimLoop::Start() {
  queue_.Add(kAllClaims);
  queue_.Start();
  rules_.Start();
}

void ClaimLoop::Stop() {
  rules_.Stop();
  queue_.Stop();
}

kube::WorkQueue::Outcome ClaimLoop::Visit(const std::string& name) {
  if (name == kAllClaims) {
    ASSIGN_OR_RETURN(const std::vector<Claim> claims, claims_.List());
    for (const Claim& claim : claims) {
      queue_.Add(claim.name.ToString());
    }
    return kAllClaimsInterval;
  }
  const std::optional<Claim> claim = claims_.Find(name);
  if (!claim.has_value()) {
    return std::nullopt;
  }
  kube::WorkQueue::Outcome outcome = reaper_.Step(*claim);
  if (absl::IsAborted(outcome.status()) || absl::IsNotFound(outcome.status())) {
    return kConflictDelay;
  }
  return outcome;
}

}  // namespace berth::port
