#pragma once

#include <chrono>
#include <string_view>

#include "absl/status/status.h"
#include "common/kube/http_transport.h"

namespace berth::kube {

/// Waits until the API server has answered a request with 200, for at most `wait`
/// (DEADLINE_EXCEEDED); may be called again. Other answers become errors as under errors.h. `what`
/// names the request in them.
absl::Status AwaitAcceptance(HttpStream& stream, std::chrono::milliseconds wait,
                             std::string_view what);

}  // namespace berth::kube
