#include "gateway/adapters/kube_exposure_store.h"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "gateway/adapters/exposure_json.h"

namespace berth::gateway {
namespace {

kube::ObjectName NameOf(const ExposureKey& key) { return {key.ns.str(), key.name.str()}; }

}  // namespace

absl::StatusOr<std::optional<Exposure>> KubeExposureStore::Get(const ExposureKey& key) {
  const absl::StatusOr<kube::Json> object = client_.Get(kube::kExposures, NameOf(key));
  if (kube::IsNotFound(object.status())) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(object.status());
  ASSIGN_OR_RETURN(Exposure exposure, ExposureFromJson(*object));
  return exposure;
}

absl::StatusOr<std::vector<Exposure>> KubeExposureStore::List(const Namespace& ns) {
  ASSIGN_OR_RETURN(const kube::ObjectList list, client_.List(kube::kExposures, ns.str()));
  std::vector<Exposure> exposures;
  for (const kube::Json& object : list.items) {
    ASSIGN_OR_RETURN(Exposure exposure, ExposureFromJson(object));
    exposures.push_back(std::move(exposure));
  }
  return exposures;
}

absl::Status KubeExposureStore::Create(const NewExposure& exposure) {
  const absl::Status created = client_.Create(kube::kExposures, NewExposureJson(exposure)).status();
  if (kube::IsNotFound(created)) {
    return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_NAMESPACE_NOT_FOUND,
                 fmt::format("no namespace {}", exposure.key.ns.str()));
  }
  return created;
}

absl::Status KubeExposureStore::ReplaceSpec(const Exposure& seen, const ExposureSpec& spec) {
  return Change(seen, [&](kube::Json& object) { PutSpec(spec, object); });
}

absl::Status KubeExposureStore::DropCreatedBy(const Exposure& seen) {
  return Change(seen,
                [](kube::Json& object) { kube::RemoveAnnotation(object, kCreatedByAnnotation); });
}

absl::Status KubeExposureStore::Delete(const Exposure& seen) {
  return client_.Delete(kube::kExposures, NameOf(seen.key),
                        {.uid = seen.uid, .resource_version = seen.resource_version});
}

absl::Status KubeExposureStore::AddFinalizer(const Exposure& seen) {
  return Change(seen, [](kube::Json& object) { kube::AddFinalizer(object, kExposureFinalizer); });
}

absl::Status KubeExposureStore::DropFinalizer(const Exposure& seen) {
  return Change(seen,
                [](kube::Json& object) { kube::RemoveFinalizer(object, kExposureFinalizer); });
}

absl::Status KubeExposureStore::WriteStatus(const Exposure& seen, const ExposureStatus& status) {
  ASSIGN_OR_RETURN(kube::Json object, Reread(seen));
  const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto server_now = client_.server_clock().Read();
  PutStatus(status, server_now.has_value() ? server_now->now : kube::Time(now), object);
  return client_.UpdateStatus(kube::kExposures, object).status();
}

absl::StatusOr<kube::Json> KubeExposureStore::Reread(const Exposure& seen) {
  ASSIGN_OR_RETURN(kube::Json object, client_.Get(kube::kExposures, NameOf(seen.key)));
  if (kube::Uid(object) != seen.uid || kube::ResourceVersion(object) != seen.resource_version) {
    return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_KUBERNETES_CONFLICT,
                 fmt::format("exposure {} was changed meanwhile", seen.key.ToString()));
  }
  return object;
}

absl::Status KubeExposureStore::Change(const Exposure& seen,
                                       const std::function<void(kube::Json&)>& change) {
  ASSIGN_OR_RETURN(kube::Json object, Reread(seen));
  change(object);
  return client_.Update(kube::kExposures, object).status();
}

}  // namespace berth::gateway
