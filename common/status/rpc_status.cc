#include "common/status/rpc_status.h"

#include <string>

#include "absl/strings/cord.h"
#include "common/status/status.h"

namespace berth {

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status result;
  const absl::Status complete = WithNaturalReason(status);
  result.set_code(static_cast<int>(complete.code()));
  result.set_message(std::string(complete.message()));
  complete.ForEachPayload([&](const auto& type_url, const absl::Cord& payload) {
    google::protobuf::Any& detail = *result.add_details();
    detail.set_type_url(std::string(type_url));
    detail.set_value(std::string(payload));
  });
  return result;
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  const bool known = status.code() >= static_cast<int>(absl::StatusCode::kOk) &&
                     status.code() <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  absl::Status result(
      known ? static_cast<absl::StatusCode>(status.code()) : absl::StatusCode::kUnknown,
      status.message());
  for (const google::protobuf::Any& detail : status.details()) {
    result.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  return result;
}

}  // namespace berth
