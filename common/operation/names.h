#pragma once

#include <string>
#include <string_view>

namespace berth::operation {

/// The gRPC service of a full method name: "berth.helm.v1.HelmService" of
/// "berth.helm.v1.HelmService/InstallRelease".
std::string ServiceOfMethod(std::string_view method);

/// An operation's name: "op-" and 130 bits of a hash over who called which service with which
/// request_id.
std::string OperationName(std::string_view caller, std::string_view grpc_service,
                          std::string_view request_id);

/// A release queue's name: "rq-" and 130 bits of a hash over namespace and release.
std::string QueueName(std::string_view release_namespace, std::string_view release_name);

/// A request_id for callers that brought none: 128 random bits.
std::string NewRequestId();

}  // namespace berth::operation
