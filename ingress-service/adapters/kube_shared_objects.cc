#include "ingress-service/adapters/kube_shared_objects.h"

#include "common/kube/errors.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"

namespace berth::ingress {
namespace {

const kube::Resource& ResourceOf(const SharedRef& ref) {
  return ref.kind == SharedKind::kConfigMap ? kube::kConfigMaps : kube::kServices;
}

}  // namespace

absl::StatusOr<std::optional<kube::Json>> KubeSharedObjects::Get(const SharedRef& ref) {
  absl::StatusOr<kube::Json> object = client_.Get(ResourceOf(ref), ref.name);
  if (kube::IsNotFound(object.status())) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(object.status());
  return *std::move(object);
}

absl::StatusOr<PutOutcome> KubeSharedObjects::Create(const SharedRef& ref,
                                                     const kube::Json& object) {
  const absl::Status created = client_.Create(ResourceOf(ref), object).status();
  if (kube::IsAlreadyExists(created)) {
    return PutOutcome::kConflict;
  }
  RETURN_IF_ERROR(created);
  return PutOutcome::kDone;
}

absl::StatusOr<PutOutcome> KubeSharedObjects::Replace(const SharedRef& ref,
                                                      const kube::Json& object) {
  const absl::Status replaced = client_.Update(ResourceOf(ref), object).status();
  if (kube::IsConflict(replaced) || kube::IsNotFound(replaced)) {
    return PutOutcome::kConflict;
  }
  RETURN_IF_ERROR(replaced);
  return PutOutcome::kDone;
}

}  // namespace berth::ingress
