#include "helm-service/domain/take_back.h"

#include <algorithm>

namespace berth::helm {
namespace {

// Helm's own rule: a revision that worked once.
bool WasDeployed(const RevisionInfo& revision) {
  return revision.status == ReleaseStatus::kDeployed ||
         revision.status == ReleaseStatus::kSuperseded;
}

// The newest revision up to `last` that worked; 0 for none.
int LastDeployed(const std::vector<RevisionInfo>& revisions, int last) {
  int found = 0;
  for (const RevisionInfo& revision : revisions) {
    if (revision.revision <= last && WasDeployed(revision)) {
      found = std::max(found, revision.revision);
    }
  }
  return found;
}

TakeBack ByUninstall(const ReleaseKey& release, const ReleasePlan& plan,
                     const RevisionInfo& newest) {
  if (newest.status == ReleaseStatus::kUninstalled) return {.done = true};
  return {.action = Action{.release = release,
                           .what = Uninstall{.allow_missing = true,
                                             .keep_history = plan.revision_before > 0,
                                             .disable_hooks = plan.disable_hooks},
                           .step_timeout = plan.step_timeout}};
}

TakeBack ByRollback(const ReleaseKey& release, const ReleasePlan& plan,
                    const std::vector<RevisionInfo>& revisions, const RevisionInfo& newest) {
  // The failed revision, and then one more: Helm's rollback.
  const bool rolled_back =
      newest.revision > plan.revision_before + 1 && newest.status == ReleaseStatus::kDeployed;
  if (newest.revision <= plan.revision_before || rolled_back) return {.done = true};
  const int target = LastDeployed(revisions, plan.revision_before);
  if (target == 0) return {};
  return {.action = Action{
              .release = release,
              .what = Rollback{.revision = target, .write = {.disable_hooks = plan.disable_hooks}},
              .wait = true,
              .step_timeout = plan.step_timeout}};
}

}  // namespace

TakeBack HowToTakeBack(const ReleaseKey& release, const ReleasePlan& plan,
                       const std::vector<RevisionInfo>& revisions) {
  const std::optional<RevisionInfo> newest = NewestOf(revisions);
  if (!newest.has_value()) return {.done = true};
  return plan.was_installed ? ByRollback(release, plan, revisions, *newest)
                            : ByUninstall(release, plan, *newest);
}

}  // namespace berth::helm
