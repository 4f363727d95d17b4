#include "common/operation/takeover.h"

#include <fmt/format.h>

#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/operation/replica_lease.h"
#include "common/operation/server_now.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::operation {

Takeover::Takeover(kube::Client& client, kube::Clock& clock, const kube::Cache& operations,
                   Options options)
    : client_(client),
      clock_(clock),
      operations_(operations),
      options_(std::move(options)),
      observer_(options_.times.lease_duration) {}

absl::Status Takeover::Look() {
  // Records first: a Lease is older than the records that name it, so one that is missing from a
  // later list is gone.
  std::vector<Record> unfinished;
  for (const kube::Cache::Object& object : operations_.List()) {
    Record record(*object);
    if (record.service() == options_.service && !record.end_time()) {
      unfinished.push_back(std::move(record));
    }
  }
  ASSIGN_OR_RETURN(const std::set<std::string> living, LivingLeases());

  std::map<std::string, kube::Clock::TimePoint> still_gone;
  std::set<std::string> orphans;
  for (const Record& record : unfinished) {
    const std::string lease = record.holder().lease;
    if (const auto gone = gone_since_.find(lease); gone != gone_since_.end()) {
      still_gone.insert(*gone);
    }
    if (lease == options_.self.lease && !options_.lives_here(record.name())) {
      orphans.insert(record.name());
    }
  }
  gone_since_ = std::move(still_gone);

  for (const Record& record : unfinished) {
    const absl::Status considered = Consider(record, living);
    if (!considered.ok()) {
      log::Warning("operation not taken over",
                   {{"operation", record.name()}, {"error", Describe(considered)}});
    }
  }
  orphans_ = std::move(orphans);
  return absl::OkStatus();
}

absl::StatusOr<std::set<std::string>> Takeover::LivingLeases() {
  ASSIGN_OR_RETURN(
      const kube::ObjectList leases,
      client_.List(kube::kLeases, options_.kube_namespace,
                   {.label_selector = fmt::format("{}={}", kLivenessLabel, options_.service)}));
  std::vector<LeaseObserver::Sighting> sightings;
  std::set<std::string> living;
  for (const kube::Json& lease : leases.items) {
    living.insert(kube::Name(lease));
    sightings.push_back({.name = kube::Name(lease),
                         .uid = kube::Uid(lease),
                         .resource_version = kube::ResourceVersion(lease)});
  }
  for (const LeaseObserver::Sighting& suspect : observer_.Observe(sightings, clock_.Now())) {
    if (suspect.name == options_.self.lease) continue;
    const absl::Status removed =
        client_.Delete(kube::kLeases, {options_.kube_namespace, suspect.name},
                       {.uid = suspect.uid, .resource_version = suspect.resource_version});
    // A renewal in between wins: then it stays, and lives.
    if (!removed.ok() && !kube::IsNotFound(removed)) continue;
    living.erase(suspect.name);
    log::Warning("liveness lease of a dead replica removed", {{"lease", suspect.name}});
  }
  return living;
}

absl::Status Takeover::Consider(const Record& seen, const std::set<std::string>& living) {
  const std::string lease = seen.holder().lease;
  if (lease.empty()) return EndUnseen(seen.name());
  if (!options_.can_run(seen.spec().method)) return absl::OkStatus();
  if (lease == options_.self.lease) {
    // Twice, so that what is just ending or beginning here is not taken for one.
    if (!orphans_.contains(seen.name()) || options_.lives_here(seen.name())) {
      return absl::OkStatus();
    }
    return Take(seen.name(), lease);
  }
  if (living.contains(lease) || !GoneLongEnough(lease)) return absl::OkStatus();
  return Take(seen.name(), lease);
}

bool Takeover::GoneLongEnough(const std::string& lease) {
  const auto since = gone_since_.try_emplace(lease, clock_.Now()).first->second;
  return clock_.Now() - since >= options_.times.kill_margin;
}

absl::Status Takeover::Take(const std::string& name, const std::string& dead_lease) {
  ASSIGN_OR_RETURN(kube::Json object,
                   client_.Get(kube::kOperations, {options_.kube_namespace, name}));
  Record record(std::move(object));
  if (record.terminal() || record.holder().lease != dead_lease) return absl::OkStatus();
  record.set_holder(options_.self);
  absl::StatusOr<kube::Json> taken = client_.Update(kube::kOperations, record.json());
  if (kube::IsConflict(taken.status())) return absl::OkStatus();  // another replica, or next time
  RETURN_IF_ERROR(taken.status());
  log::Warning("operation taken over", {{"operation", name}, {"dead_lease", dead_lease}});
  options_.adopt(Record(*std::move(taken)));
  return absl::OkStatus();
}

absl::Status Takeover::EndUnseen(const std::string& name) {
  ASSIGN_OR_RETURN(kube::Json object,
                   client_.Get(kube::kOperations, {options_.kube_namespace, name}));
  Record record(std::move(object));
  if (record.end_time() || !record.holder().lease.empty()) return absl::OkStatus();
  record.set_ended(CancelledWithoutEffect(), 0, ServerNow(client_));
  return client_.UpdateStatus(kube::kOperations, record.json()).status();
}

}  // namespace berth::operation
