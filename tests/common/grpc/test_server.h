#pragma once

#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "common/grpc/channel.h"
#include "common/grpc/server.h"
#include "common/grpc/stream_writer.h"
#include "common/grpc/unary.h"
#include "common/metrics/metrics.h"

#include "berth/operation/v1/operation_service.grpc.pb.h"

namespace berth::rpc {

using operation::v1::GetOperationRequest;
using operation::v1::GetOperationResponse;
using operation::v1::OperationService;
using operation::v1::WatchOperationRequest;
using operation::v1::WatchOperationResponse;
using Stream = StreamWriter<WatchOperationResponse>;

// OperationService whose answers the test gives: a synchronous unary and a callback stream, as
// Berth's services are.
class TestService final
    : public OperationService::WithCallbackMethod_WatchOperation<OperationService::Service> {
 public:
  using Get = std::function<absl::StatusOr<GetOperationResponse>(grpc::ServerContext&,
                                                                 const GetOperationRequest&)>;
  using Watch = std::function<void(std::shared_ptr<Stream>)>;

  explicit TestService(StreamRegistry& streams) : streams_(streams) {}

  // Set before the calls that use them.
  Get get = [](grpc::ServerContext&, const GetOperationRequest& request) {
    GetOperationResponse response;
    response.mutable_operation()->set_name(request.name());
    return response;
  };
  Watch watch = [](const std::shared_ptr<Stream>& stream) { stream->Finish(absl::OkStatus()); };
  Stream::Options stream_options;

 private:
  grpc::Status GetOperation(grpc::ServerContext* context, const GetOperationRequest* request,
                            GetOperationResponse* response) override {
    return Unary(*response, [&] { return get(*context, *request); });
  }

  grpc::ServerWriteReactor<WatchOperationResponse>* WatchOperation(
      grpc::CallbackServerContext* context, const WatchOperationRequest*) override {
    auto stream = Stream::Open(streams_, *context, stream_options);
    watch(stream);
    return stream->reactor();
  }

  StreamRegistry& streams_;
};

// A running server with a TestService on a free port of the loopback interface.
class TestServer {
 public:
  explicit TestServer(ServerOptions options = {})
      : server_(WithFreePort(std::move(options)), metrics_), service_(server_.streams()) {
    server_.Register(OperationService::service_full_name(), service_);
  }
  /// The service goes before the server, which it needs streams of: no call may be running then.
  ~TestServer() { server_.Drain(std::chrono::steady_clock::now()); }

  void Start() {
    const absl::Status started = server_.Start();
    ASSERT_TRUE(started.ok()) << started;
    channel_ = CreateChannel({.target = target()});
    stub_ = OperationService::NewStub(channel_);
  }

  std::string target() const { return fmt::format("127.0.0.1:{}", server_.port()); }
  Server& server() { return server_; }
  TestService& service() { return service_; }
  metrics::Registry& metrics() { return metrics_; }
  OperationService::Stub& stub() { return *stub_; }

  absl::StatusOr<GetOperationResponse> Get(const std::string& name) {
    GetOperationRequest request;
    request.set_name(name);
    return Call(*stub_, &OperationService::StubInterface::GetOperation, request);
  }

  // What a call answers to bytes that may be no message at all.
  struct RawAnswer {
    absl::Status status;
    std::string bytes;
  };
  RawAnswer Raw(const std::string& method, const std::string& bytes) {
    grpc::GenericStub stub(channel_);
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    const std::unique_ptr<grpc::ClientContext> context = MakeContext({});
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareUnaryCall(context.get(), method, request, &queue);
    call->StartCall();
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    grpc::Slice answer;
    const bool has_answer = status.ok() && response.DumpToSingleSlice(&answer).ok();
    return {FromGrpcStatus(status),
            has_answer ? std::string(reinterpret_cast<const char*>(answer.begin()), answer.size())
                       : ""};
  }

 private:
  static ServerOptions WithFreePort(ServerOptions options) {
    options.listen = "127.0.0.1:0";
    if (options.metrics_listen == ServerOptions().metrics_listen) {
      options.metrics_listen = "";
    }
    return options;
  }

  metrics::Registry metrics_{"test"};
  Server server_;
  TestService service_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<OperationService::Stub> stub_;
};

}  // namespace berth::rpc
