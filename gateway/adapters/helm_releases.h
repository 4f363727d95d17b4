#pragma once

#include "gateway/domain/releases.h"

#include "berth/helm/v1/helm_service.grpc.pb.h"

namespace berth::gateway {

/// Helm-service by gRPC. Mutations are sent detached: the stream ends as soon as the child is
/// durable. Thread safe.
class HelmReleases final : public Releases {
 public:
  /// `helm` is borrowed.
  explicit HelmReleases(helm::v1::HelmService::StubInterface& helm) : helm_(helm) {}

  absl::StatusOr<std::optional<helm::v1::Release>> Find(const ReleaseKey& key) override;
  absl::Status Upgrade(const ChildCall& call, helm::v1::UpgradeReleaseRequest content) override;
  absl::Status Rollback(const ChildCall& call, int revision, int expected_revision) override;
  absl::Status Uninstall(const ChildCall& call, int expected_revision) override;

 private:
  helm::v1::HelmService::StubInterface& helm_;
};

}  // namespace berth::gateway
