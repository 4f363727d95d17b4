#pragma once

#include <google/protobuf/descriptor.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>

#include "absl/status/statusor.h"
#include "common/status/grpc_status.h"

/// Channels to Berth's other services, and unary calls on them.
namespace berth::rpc {

struct ChannelOptions {
  /// "port-service:50052"; without a scheme it becomes dns:///, and calls go to every address
  /// behind it in turn.
  std::string target;
  /// Largest message that is sent or received.
  std::int64_t max_message_bytes = std::int64_t{32} << 20;
  /// How often an idle connection with open calls is pinged, and how long an answer may take.
  std::chrono::milliseconds keepalive_time{20'000};
  std::chrono::milliseconds keepalive_timeout{10'000};
};

/// A channel that reconnects by itself and repeats a call that ended UNAVAILABLE up to 4 times with
/// growing delay (0.1 to 2 s), as long as no answer has come and the deadline allows. Every RPC of
/// Berth may be repeated in that way (its contract says how). Never drop the last reference inside
/// a gRPC callback.
std::shared_ptr<grpc::Channel> CreateChannel(const ChannelOptions& options);

struct CallOptions {
  /// How long the call may take; the default suits calls that write to Kubernetes.
  std::chrono::milliseconds timeout{30'000};
  /// The call that is being served, whose deadline and cancellation are carried on: for plain unary
  /// forwards only, never for a step of an operation.
  const grpc::ServerContextBase* parent = nullptr;
};

/// A context for one call, with deadline; a parent's earlier deadline wins.
std::unique_ptr<grpc::ClientContext> MakeContext(const CallOptions& options);

/// What a call that failed says here: the callee's error with all its details; failures of the
/// transport get the natural reason (status.h) and the request's name as context.
absl::Status CallError(const grpc::Status& status, const google::protobuf::Descriptor& request);

/// Makes a unary call and waits for its answer:
///
///   ASSIGN_OR_RETURN(ClaimResponse response,
///                    rpc::Call(*stub, &PortService::StubInterface::Claim, request, {.timeout =
///                    10s}));
template <typename Stub, typename Interface, typename Request, typename Response>
absl::StatusOr<Response> Call(
    Stub& stub, grpc::Status (Interface::*method)(grpc::ClientContext*, const Request&, Response*),
    const std::type_identity_t<Request>& request, const CallOptions& options = {}) {
  const std::unique_ptr<grpc::ClientContext> context = MakeContext(options);
  Response response;
  const grpc::Status status = (stub.*method)(context.get(), request, &response);
  if (!status.ok()) {
    return CallError(status, *Request::descriptor());
  }
  return response;
}

}  // namespace berth::rpc
