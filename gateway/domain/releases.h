#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gateway/domain/names.h"

#include "berth/helm/v1/helm_service.pb.h"
#include "berth/helm/v1/release.pb.h"

namespace berth::gateway {

/// Namespace and name of a release.
struct ReleaseKey {
  Namespace ns;
  ReleaseName name;
};

/// How helm-service runs an operation of its own as a step of ours. The same request_id joins.
struct ChildCall {
  ReleaseKey release;
  std::string request_id;
  /// Name of our operation.
  std::string parent;
  std::chrono::seconds timeout;
};

/// Helm-service, as Deploy and Undeploy need it. Mutations return once the child is durable, or
/// with the error that it was refused with; a child that was sent may exist after any other error.
/// Calls may block for a bounded time.
class Releases {
 public:
  virtual ~Releases() = default;

  /// The newest revision; nothing if there is no such release.
  virtual absl::StatusOr<std::optional<helm::v1::Release>> Find(const ReleaseKey& key) = 0;
  /// `content` brings chart, values and options; everything else is filled in from `call`.
  virtual absl::Status Upgrade(const ChildCall& call, helm::v1::UpgradeReleaseRequest content) = 0;
  virtual absl::Status Rollback(const ChildCall& call, int revision, int expected_revision) = 0;
  /// A release that is not there counts as removed. `expected_revision` 0 is any.
  virtual absl::Status Uninstall(const ChildCall& call, int expected_revision) = 0;
};

}  // namespace berth::gateway
