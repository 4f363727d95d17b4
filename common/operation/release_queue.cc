#include "common/operation/release_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/operation/names.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::operation {
namespace {

// As many writers may meet in one queue as it has places.
constexpr int kAttempts = static_cast<int>(kMaxQueueLength);

bool IsRace(const absl::Status& status) {
  return kube::IsConflict(status) || kube::IsAlreadyExists(status) || kube::IsNotFound(status);
}

}  // namespace

std::vector<std::string> OperationsOf(const kube::Json& queue) {
  std::vector<std::string> names;
  const kube::Json& stored = kube::At(queue, {"spec", "operations"});
  if (!stored.is_array()) return names;
  for (const kube::Json& name : stored) {
    if (name.is_string()) names.push_back(name.get<std::string>());
  }
  return names;
}

int PositionOf(const std::vector<std::string>& operations, const std::string& name) {
  const auto found = std::find(operations.begin(), operations.end(), name);
  return found == operations.end() ? 0 : static_cast<int>(found - operations.begin()) + 1;
}

absl::StatusOr<std::vector<std::string>> Appended(std::vector<std::string> operations,
                                                  const std::string& name) {
  if (PositionOf(operations, name) > 0) return operations;
  if (operations.size() >= kMaxQueueLength) {
    return Error(absl::StatusCode::kResourceExhausted, Reason::ERROR_REASON_QUEUE_FULL,
                 fmt::format("{} operations wait for this release already; repeat the call, with "
                             "another request_id, when some have ended",
                             operations.size()));
  }
  operations.push_back(name);
  return operations;
}

std::vector<std::string> Without(std::vector<std::string> operations, const std::string& name) {
  std::erase(operations, name);
  return operations;
}

ReleaseQueues::ReleaseQueues(kube::Client& client, std::string kube_namespace)
    : client_(client), kube_namespace_(std::move(kube_namespace)) {}

absl::StatusOr<int> ReleaseQueues::Append(const ReleaseKey& release, const std::string& operation) {
  absl::StatusOr<int> position;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    position = AppendOnce(release, operation);
    if (!IsRace(position.status())) break;
  }
  return position;
}

absl::StatusOr<int> ReleaseQueues::AppendOnce(const ReleaseKey& release,
                                              const std::string& operation) {
  // Most releases have no queue: creating one is then all there is to do.
  kube::Json wish = kube::NewObject(
      kube::kReleaseQueues,
      {kube_namespace_, QueueName(release.release_namespace, release.release_name)});
  wish["spec"] = {{"releaseNamespace", release.release_namespace},
                  {"releaseName", release.release_name},
                  {"operations", {operation}}};
  const absl::Status created = client_.Create(kube::kReleaseQueues, wish).status();
  if (created.ok()) return 1;
  if (!kube::IsAlreadyExists(created)) return created;
  ASSIGN_OR_RETURN(std::optional<kube::Json> queue, Get(release));
  if (!queue) return created;  // it was there a moment ago
  const std::vector<std::string> before = OperationsOf(*queue);
  ASSIGN_OR_RETURN(std::vector<std::string> after, Appended(before, operation));
  if (after != before) {
    (*queue)["spec"]["operations"] = after;
    RETURN_IF_ERROR(client_.Update(kube::kReleaseQueues, *queue).status());
  }
  return PositionOf(after, operation);
}

absl::Status ReleaseQueues::Remove(const ReleaseKey& release, const std::string& operation) {
  absl::Status status;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    status = RemoveOnce(release, operation);
    if (!IsRace(status)) break;
  }
  return status;
}

absl::Status ReleaseQueues::RemoveOnce(const ReleaseKey& release, const std::string& operation) {
  ASSIGN_OR_RETURN(std::optional<kube::Json> queue, Get(release));
  if (!queue) return absl::OkStatus();
  const std::vector<std::string> before = OperationsOf(*queue);
  const std::vector<std::string> after = Without(before, operation);
  if (after.empty()) {
    return client_.Delete(
        kube::kReleaseQueues, kube::NameOf(*queue),
        {.uid = kube::Uid(*queue), .resource_version = kube::ResourceVersion(*queue)});
  }
  if (after == before) return absl::OkStatus();
  (*queue)["spec"]["operations"] = after;
  return client_.Update(kube::kReleaseQueues, *queue).status();
}

absl::StatusOr<std::vector<std::string>> ReleaseQueues::Read(const ReleaseKey& release) {
  ASSIGN_OR_RETURN(const std::optional<kube::Json> queue, Get(release));
  return queue ? OperationsOf(*queue) : std::vector<std::string>();
}

absl::StatusOr<std::optional<kube::Json>> ReleaseQueues::Get(const ReleaseKey& release) {
  absl::StatusOr<kube::Json> queue =
      client_.Get(kube::kReleaseQueues,
                  {kube_namespace_, QueueName(release.release_namespace, release.release_name)});
  if (kube::IsNotFound(queue.status())) return std::nullopt;
  RETURN_IF_ERROR(queue.status());
  return *std::move(queue);
}

}  // namespace berth::operation
