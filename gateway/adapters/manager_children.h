#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/operation/manager.h"
#include "gateway/domain/children.h"

namespace berth::gateway {

/// Helm-service's operations through the records that all services share: no call to helm-service
/// is needed to find, cancel or follow one. Thread safe.
class ManagerChildren final : public Children {
 public:
  /// `manager` is borrowed. `caller` is who helm-service takes the gateway for.
  ManagerChildren(operation::Manager& manager, std::string caller)
      : manager_(manager), caller_(std::move(caller)) {}

  absl::StatusOr<Child> Find(const std::string& request_id) override;
  absl::Status Cancel(const std::string& method, const std::string& request_id) override;
  absl::StatusOr<std::unique_ptr<operation::OperationWatch>> Follow(
      const std::string& request_id, std::function<void()> ready) override;

 private:
  operation::Manager& manager_;
  const std::string caller_;
};

}  // namespace berth::gateway
