#include "gateway/adapters/manager_children.h"

#include <utility>

#include "common/operation/names.h"
#include "common/status/macros.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::gateway {
namespace {

using operation::v1::Operation;

constexpr const char* kHelmService = "berth.helm.v1.HelmService";

void TakeResult(const google::protobuf::Any& result, Child& child) {
  helm::v1::UpgradeReleaseResult upgrade;
  helm::v1::UninstallReleaseResult uninstall;
  if (result.UnpackTo(&upgrade)) {
    child.revision = upgrade.release().revision();
  } else if (result.UnpackTo(&uninstall)) {
    child.removed = uninstall.removed();
  }
}

Child FromProto(const Operation& operation) {
  Child child{.cancel_requested = operation.cancel_requested()};
  switch (operation.state()) {
    case Operation::STATE_SUCCEEDED:
      child.state = Child::State::kSucceeded;
      TakeResult(operation.result(), child);
      break;
    case Operation::STATE_FAILED:
    case Operation::STATE_CANCELLED:
      child.state = Child::State::kFailed;
      child.error = FromRpcStatus(operation.error());
      break;
    default:
      child.state = Child::State::kRunning;
      break;
  }
  return child;
}

}  // namespace

absl::StatusOr<Child> ManagerChildren::Find(const std::string& request_id) {
  const absl::StatusOr<Operation> operation =
      manager_.Get(operation::OperationName(caller_, kHelmService, request_id));
  if (ReasonOf(operation.status()) == Reason::ERROR_REASON_OPERATION_NOT_FOUND) {
    return Child{};
  }
  RETURN_IF_ERROR(operation.status());
  return FromProto(*operation);
}

absl::Status ManagerChildren::Cancel(const std::string& method, const std::string& request_id) {
  return manager_.CancelRequest(caller_, std::string(kHelmService) + "/" + method, request_id)
      .status();
}

absl::StatusOr<std::unique_ptr<operation::OperationWatch>> ManagerChildren::Follow(
    const std::string& request_id, std::function<void()> ready) {
  return manager_.Watch(operation::OperationName(caller_, kHelmService, request_id),
                        /*after_sequence=*/0, operation::Manager::Forwarding::kAllowed,
                        std::move(ready));
}

}  // namespace berth::gateway
