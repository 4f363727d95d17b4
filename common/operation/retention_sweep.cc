#include "common/operation/retention_sweep.h"

#include <utility>
#include <vector>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/log/log.h"
#include "common/operation/expired_records.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::operation {

RetentionSweep::RetentionSweep(kube::Client& client, ReleaseQueues& queues,
                               const kube::Cache& operations, Options options)
    : client_(client), queues_(queues), operations_(operations), options_(std::move(options)) {}

absl::Status RetentionSweep::Run() {
  ASSIGN_OR_RETURN(const kube::Time now, client_.ServerTime());
  std::vector<Record> all;
  for (const kube::Cache::Object& object : operations_.List()) all.emplace_back(*object);
  for (const Record& record : ExpiredRecords(all, options_.retention, now)) {
    if (record.service() != options_.service) continue;
    const absl::Status removed = Remove(record);
    if (!removed.ok()) {
      log::Warning("expired operation not removed",
                   {{"operation", record.name()}, {"error", Describe(removed)}});
    }
  }
  return absl::OkStatus();
}

absl::Status RetentionSweep::Remove(const Record& record) {
  const Spec spec = record.spec();
  // First out of its queue: a later operation of the same name must find no entry of this one.
  if (spec.takes_release_ticket && spec.parent.empty()) {
    RETURN_IF_ERROR(queues_.Remove({spec.target_namespace, spec.target_name}, record.name()));
  }
  const absl::Status removed = client_.Delete(
      kube::kOperations, kube::NameOf(record.json()),
      {.uid = kube::Uid(record.json()), .resource_version = kube::ResourceVersion(record.json())});
  return kube::IsNotFound(removed) || kube::IsConflict(removed) ? absl::OkStatus() : removed;
}

}  // namespace berth::operation
