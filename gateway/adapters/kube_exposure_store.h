#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "common/kube/client.h"
#include "gateway/domain/exposure_store.h"

namespace berth::gateway {

/// Exposures in the Kubernetes API. Every write carries uid and resourceVersion of what its caller
/// saw. Thread safe.
class KubeExposureStore final : public ExposureStore, public ExposureKeeper {
 public:
  /// `client` is borrowed.
  explicit KubeExposureStore(kube::Client& client) : client_(client) {}

  absl::StatusOr<std::optional<Exposure>> Get(const ExposureKey& key) override;
  absl::StatusOr<std::vector<Exposure>> List(const Namespace& ns) override;
  absl::Status Create(const NewExposure& exposure) override;
  absl::Status ReplaceSpec(const Exposure& seen, const ExposureSpec& spec) override;
  absl::Status DropCreatedBy(const Exposure& seen) override;
  absl::Status Delete(const Exposure& seen) override;

  absl::Status AddFinalizer(const Exposure& seen) override;
  absl::Status DropFinalizer(const Exposure& seen) override;
  absl::Status WriteStatus(const Exposure& seen, const ExposureStatus& status) override;

 private:
  /// The stored object, if it still is as `seen`; ABORTED otherwise.
  absl::StatusOr<kube::Json> Reread(const Exposure& seen);
  absl::Status Change(const Exposure& seen, const std::function<void(kube::Json&)>& change);

  kube::Client& client_;
};

}  // namespace berth::gateway
