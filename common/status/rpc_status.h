#pragma once

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace berth {

/// As it is stored in operations and sent in streams. Errors without ErrorInfo get the natural one
/// (status.h).
google::rpc::Status ToRpcStatus(const absl::Status& status);
/// Back; codes that gRPC does not know become UNKNOWN.
absl::Status FromRpcStatus(const google::rpc::Status& status);

}  // namespace berth
