#include "gateway/adapters/orphan_sweeper.h"

#include <charconv>
#include <chrono>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::gateway {
namespace {

constexpr std::string_view kApprovedAnnotation = "berth.dev/repair-approved";
constexpr const char* kPass = "pass";

int ParseCount(const std::string& text) {
  int count = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), count);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? count : 0;
}

/// Claims, not objects: a claim and its rule are one.
std::map<std::string, int> CountByPool(const std::vector<HeldItem>& held) {
  std::set<std::string> seen;
  std::map<std::string, int> counts;
  for (const HeldItem& item : held) {
    counts[item.pool] += seen.insert(item.claim_uid).second ? 1 : 0;
  }
  return counts;
}

void LogFailure(const std::string&, const absl::Status& error) {
  log::Warning("orphans not removed", {{"error", Describe(error)}});
}

}  // namespace

OrphanSweeper::OrphanSweeper(Parts parts)
    : parts_(std::move(parts)),
      stopped_(parts_.metrics.Gauge("orphans_stopped_count",
                                    "Orphans that a pass did not remove because they are too many; "
                                    "annotate the PortPool with berth.dev/repair-approved.")),
      queue_({.name = "orphans", .on_error = LogFailure},
             [this](const std::string&, const std::stop_token&) { return Sweep(); }) {}

void OrphanSweeper::Start() {
  queue_.Add(kPass);
  queue_.Start();
}

kube::WorkQueue::Outcome OrphanSweeper::Sweep() {
  const std::vector<HeldItem> held = parts_.view.AllHeld();
  ASSIGN_OR_RETURN(const std::vector<HeldItem> missing, Missing(held));
  const std::vector<HeldItem> ripe = sightings_.Ripe(missing, std::chrono::steady_clock::now());
  ASSIGN_OR_RETURN(const auto approved, Approved(ripe));
  const Brake brake = ApplyBrake(ripe, CountByPool(held), approved);
  int stopped = 0;
  for (const auto& [pool, count] : brake.stopped) {
    stopped += count;
    log::Error("too many orphans at once, none removed", {{"pool", pool}, {"count", count}});
  }
  stopped_.Set(stopped);
  for (const HeldItem& item : brake.removable) {
    RETURN_IF_ERROR(Remove(item));
  }
  return parts_.interval;
}

absl::StatusOr<std::vector<HeldItem>> OrphanSweeper::Missing(const std::vector<HeldItem>& held) {
  std::set<std::string> known;
  for (const Exposure& exposure : parts_.view.Exposures("")) {
    known.insert(exposure.uid);
  }
  std::set<std::string> gone;
  std::vector<HeldItem> missing;
  for (const HeldItem& item : held) {
    const std::string& uid = item.exposure.uid;
    if (known.contains(uid)) {
      continue;
    }
    if (!gone.contains(uid)) {
      ASSIGN_OR_RETURN(const auto exposure, parts_.store.Get(item.exposure.key));
      (exposure.has_value() && exposure->uid == uid ? known : gone).insert(uid);
    }
    if (gone.contains(uid)) {
      missing.push_back(item);
    }
  }
  return missing;
}

absl::StatusOr<std::map<std::string, int>> OrphanSweeper::Approved(
    const std::vector<HeldItem>& ripe) {
  std::map<std::string, int> approved;
  for (const HeldItem& item : ripe) {
    if (approved.contains(item.pool)) {
      continue;
    }
    const absl::StatusOr<kube::Json> pool =
        parts_.client.Get(kube::kPortPools, {parts_.berth_namespace, item.pool});
    if (!pool.ok() && !kube::IsNotFound(pool.status())) {
      return pool.status();
    }
    approved[item.pool] =
        pool.ok() ? ParseCount(kube::Annotation(*pool, kApprovedAnnotation).value_or("")) : 0;
  }
  return approved;
}

absl::Status OrphanSweeper::Remove(const HeldItem& item) {
  log::Info("removing an orphan",
            {{"claim", item.name}, {"exposure", item.exposure.key.ToString()}});
  return item.has_rule ? parts_.load_balancing.DeleteRule(item.name, item.claim_uid)
                       : parts_.load_balancing.ReleaseClaim(item.name, item.claim_uid);
}

}  // namespace berth::gateway
