#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/operation/operation_watch.h"
#include "gateway/domain/child.h"

namespace berth::gateway {

/// Operations of helm-service that are steps of ours, found by the request_id they were, or would
/// have been, sent with. Calls may block for a bounded time.
class Children {
 public:
  virtual ~Children() = default;

  virtual absl::StatusOr<Child> Find(const std::string& request_id) = 0;
  /// Asks the child to stop; one that was never seen is recorded as cancelled, so that a late call
  /// finds it so. `method` is the RPC: "UpgradeRelease".
  virtual absl::Status Cancel(const std::string& method, const std::string& request_id) = 0;
  /// Follows a child that exists; `ready` as for operation::Manager::Watch.
  virtual absl::StatusOr<std::unique_ptr<operation::OperationWatch>> Follow(
      const std::string& request_id, std::function<void()> ready) = 0;
};

}  // namespace berth::gateway
