#include "common/grpc/channel.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <string_view>

#include "common/status/status.h"

namespace berth::rpc {
namespace {

// A call is repeated only while nothing of its answer has come; retryThrottling stops that while
// most calls fail.
constexpr std::string_view kServiceConfig = R"({
  "loadBalancingConfig": [{"round_robin": {}}],
  "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.1},
  "methodConfig": [{
    "name": [{}],
    "retryPolicy": {
      "maxAttempts": 5,
      "initialBackoff": "0.1s",
      "maxBackoff": "2s",
      "backoffMultiplier": 2,
      "retryableStatusCodes": ["UNAVAILABLE"]
    }
  }]
})";

// Lets a connection that was lost come back soon after the other side did.
constexpr int kLongestReconnectMilliseconds = 5000;

std::string WithScheme(const std::string& target) {
  const bool has_scheme = target.find("://") != std::string::npos || target.starts_with("unix:") ||
                          target.starts_with("ipv4:") || target.starts_with("ipv6:");
  return has_scheme ? target : "dns:///" + target;
}

}  // namespace

std::shared_ptr<grpc::Channel> CreateChannel(const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(std::string(kServiceConfig));
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);  // ours, not one out of DNS
  arguments.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  arguments.SetMaxSendMessageSize(static_cast<int>(options.max_message_bytes));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(options.keepalive_time.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   static_cast<int>(options.keepalive_timeout.count()));
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // streams may be silent for long
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLongestReconnectMilliseconds);
  return grpc::CreateCustomChannel(WithScheme(options.target), grpc::InsecureChannelCredentials(),
                                   arguments);
}

std::unique_ptr<grpc::ClientContext> MakeContext(const CallOptions& options) {
  std::unique_ptr<grpc::ClientContext> context =
      options.parent == nullptr ? std::make_unique<grpc::ClientContext>()
                                : grpc::ClientContext::FromServerContext(*options.parent);
  // gRPC itself takes the earlier of this and the parent's deadline.
  context->set_deadline(std::chrono::system_clock::now() + options.timeout);
  return context;
}

absl::Status CallError(const grpc::Status& status, const google::protobuf::Descriptor& request) {
  const absl::Status error = FromGrpcStatus(status);
  if (ReasonOf(error) != Reason::ERROR_REASON_UNSPECIFIED) {
    return error;
  }
  return WithNaturalReason(WithContext(error, fmt::format("sending a {}", request.full_name())));
}

}  // namespace berth::rpc
