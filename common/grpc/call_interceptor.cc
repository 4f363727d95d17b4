#include "common/grpc/call_interceptor.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/log/log.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"

namespace berth::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;
using grpc::experimental::ServerRpcInfo;

constexpr std::chrono::milliseconds kRetryAfterOverload{500};

// Health, reflection and channelz: asked often, and saying nothing about the service's work.
bool IsInfrastructure(std::string_view method) { return method.starts_with("grpc."); }

// Whether the method is in a contract that is linked in: callers must not be able to make up labels
// of metrics.
bool IsKnown(std::string_view method) {
  std::string name(method);
  std::replace(name.begin(), name.end(), '/', '.');
  return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name) != nullptr;
}

class CallInterceptor final : public grpc::experimental::Interceptor {
 public:
  CallInterceptor(ServerRpcInfo& info, metrics::Registry& metrics)
      : info_(info),
        // gRPC's names begin with '/'; ours, in logs and operations, do not
        method_(std::string_view(info.method()).substr(1)),
        metrics_(metrics) {}

  ~CallInterceptor() override { Report(); }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      peer_ = info_.server_context()->peer();
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE)) {
      unread_ = methods->GetRecvMessage() == nullptr;
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      status_ = Complete(FromGrpcStatus(methods->GetSendStatus()));
      if (!status_->ok() && !IsInfrastructure(method_)) {  // their errors are theirs
        methods->ModifySendStatus(ToGrpcStatus(*status_));
      }
    }
    methods->Proceed();
  }

 private:
  absl::Status Complete(const absl::Status& status) const {
    if (unread_ && status.code() == absl::StatusCode::kResourceExhausted) {
      return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_TOO_MANY_CALLS,
                   "this replica serves as many calls at once as it may; repeat the call")
          .WithRetryAfter(kRetryAfterOverload);
    }
    if (unread_) {
      return Error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_MALFORMED_REQUEST,
                   "the request is not a Protobuf message of this call, or has text that is not "
                   "UTF-8");
    }
    if (status.code() == absl::StatusCode::kUnimplemented && status.message().empty()) {
      return Error(absl::StatusCode::kUnimplemented, Reason::ERROR_REASON_NOT_IMPLEMENTED,
                   fmt::format("{} is not implemented by this server", method_));
    }
    return WithNaturalReason(status);
  }

  void Report() const {
    // Without a status nothing was answered: gRPC itself ended the call.
    const absl::Status status = status_.value_or(WithNaturalReason(absl::CancelledError()));
    const std::chrono::duration<double> duration = std::chrono::steady_clock::now() - begin_;
    Count(status, duration);
    const Reason reason = ReasonOf(status);
    const std::string reason_name = status.ok() ? "" : ReasonName(reason);
    const std::string code = absl::StatusCodeToString(status.code());
    if (reason == Reason::ERROR_REASON_INTERNAL) {  // the only text that is for maintainers
      log::Error("call failed", {{"method", method_},
                                 {"peer", peer_},
                                 {"code", code},
                                 {"reason", reason_name},
                                 {"duration_seconds", duration},
                                 {"error", std::string(status.message())}});
      return;
    }
    log::Write(IsInfrastructure(method_) ? log::Level::kDebug : log::Level::kInfo, "call",
               {{"method", method_},
                {"peer", peer_},
                {"code", code},
                {"reason", reason_name},
                {"duration_seconds", duration}});
  }

  void Count(const absl::Status& status, std::chrono::duration<double> duration) const {
    const std::string method = IsKnown(method_) ? method_ : "other";
    metrics_
        .Counter("calls_total", "Calls served, by method and code.",
                 {{"method", method}, {"code", absl::StatusCodeToString(status.code())}})
        .Increment();
    metrics_
        .Histogram("call_duration_seconds", "Duration of calls, streams included.",
                   metrics::DurationBounds(), {{"method", method}})
        .Observe(duration.count());
  }

  ServerRpcInfo& info_;
  const std::string method_;
  metrics::Registry& metrics_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::string peer_;
  bool unread_ = false;  // no handler runs without a request message
  std::optional<absl::Status> status_;
};

class CallInterceptors final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallInterceptors(metrics::Registry& metrics) : metrics_(metrics) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(ServerRpcInfo* info) override {
    return new CallInterceptor(*info, metrics_);  // owned by the call
  }

 private:
  metrics::Registry& metrics_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeCallInterceptors(
    metrics::Registry& metrics) {
  return std::make_unique<CallInterceptors>(metrics);
}

}  // namespace berth::rpc
