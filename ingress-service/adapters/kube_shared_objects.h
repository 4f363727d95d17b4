#pragma once

#include "common/kube/client.h"
#include "ingress-service/domain/shared_objects.h"

namespace berth::ingress {

/// ConfigMaps and Services in the cluster, read and replaced whole, so that fields this version
/// does not know survive. Thread safe; borrows the client.
class KubeSharedObjects : public SharedObjects {
 public:
  explicit KubeSharedObjects(kube::Client& client) : client_(client) {}

  absl::StatusOr<std::optional<kube::Json>> Get(const SharedRef& ref) override;
  absl::StatusOr<PutOutcome> Create(const SharedRef& ref, const kube::Json& object) override;
  absl::StatusOr<PutOutcome> Replace(const SharedRef& ref, const kube::Json& object) override;

 private:
  kube::Client& client_;
};

}  // namespace berth::ingress
