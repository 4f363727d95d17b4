#pragma once

#include <grpcpp/server_context.h>

#include <string>

namespace berth::rpc {

// Who every caller is until callers are authenticated. Names of operations are made from it, so all
// services must agree.
inline constexpr char kAnonymous[] = "anonymous";

// Who makes a call, as authenticated.
inline std::string CallerOf(const grpc::ServerContextBase&) { return kAnonymous; }

}  // namespace berth::rpc
