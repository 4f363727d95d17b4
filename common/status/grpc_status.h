#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace berth {

/// As it leaves a server: details are a serialized google.rpc.Status. Errors without ErrorInfo get
/// the natural one (status.h).
grpc::Status ToGrpcStatus(const absl::Status& status);
/// As it reaches a client; details that cannot be parsed are dropped.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace berth
