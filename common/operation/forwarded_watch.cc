#include "common/operation/forwarded_watch.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/base/thread_annotations.h"
#include "common/status/grpc_status.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "common/sync/mutex.h"

#include "berth/operation/v1/operation_service.grpc.pb.h"

namespace berth::operation {

// The client's side of the stream. gRPC's callbacks and the reader meet in `slot_`: one message is
// read ahead, the next one is asked for when that was taken. Keeps itself until gRPC is done.
class ForwardedWatch::Stream final : public grpc::ClientReadReactor<v1::WatchOperationResponse> {
 public:
  Stream(Peers& peers, const std::string& address, std::function<void()> ready)
      : open_(peers),
        ready_(std::move(ready)),
        stub_(v1::OperationService::NewStub(peers.ChannelTo(address))) {}

  static void Begin(const std::shared_ptr<Stream>& stream, const std::string& operation,
                    std::int64_t after_sequence) {
    stream->self_ = stream;
    stream->context_.AddMetadata(kForwardedKey, "1");
    stream->request_.set_name(operation);
    stream->request_.set_after_sequence(after_sequence);
    stream->stub_->async()->WatchOperation(&stream->context_, &stream->request_, stream.get());
    // The reader asks for messages from outside of gRPC's callbacks.
    stream->AddHold();
    stream->StartRead(&stream->incoming_);
    stream->StartCall();
  }

  void Cancel() {
    context_.TryCancel();
    ReleaseHold();
  }

  std::optional<WatchEvent> Take() {
    std::optional<v1::WatchOperationResponse> response;
    bool read_on = false;
    {
      MutexLock lock(mutex_);
      response = std::exchange(slot_, std::nullopt);
      if (!response) return broken_ ? std::optional<WatchEvent>(Broken{*broken_}) : std::nullopt;
      read_on = !hold_released_;
    }
    if (read_on) StartRead(&incoming_);
    return ToEvent(*std::move(response));
  }

  void OnReadDone(bool ok) override {
    bool ended = false;
    {
      MutexLock lock(mutex_);
      if (ok) {
        slot_ = std::move(incoming_);
      } else {
        ended = true;
      }
    }
    if (ended) {
      ReleaseHold();
      return;
    }
    ready_();
  }

  void OnDone(const grpc::Status& status) override {
    {
      MutexLock lock(mutex_);
      broken_ = status.ok()
                    ? Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_SHUTTING_DOWN,
                            "the replica that runs the operation ended the stream")
                    : FromGrpcStatus(status);
    }
    ready_();
    self_.reset();
  }

 private:
  static WatchEvent ToEvent(v1::WatchOperationResponse response) {
    switch (response.event_case()) {
      case v1::WatchOperationResponse::kUpdate:
        return std::move(*response.mutable_update());
      case v1::WatchOperationResponse::kResult:
        return Ended{std::move(*response.mutable_result())};
      case v1::WatchOperationResponse::kError:
        return Ended{FromRpcStatus(response.error())};
      case v1::WatchOperationResponse::EVENT_NOT_SET:
        break;
    }
    return Broken{Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                        "another replica sent a message of a kind unknown here")};
  }

  // gRPC is done once nobody can ask for another message; both ends may say so.
  void ReleaseHold() {
    {
      MutexLock lock(mutex_);
      if (std::exchange(hold_released_, true)) return;
    }
    RemoveHold();
  }

  const Peers::OpenStream open_;  // first, so that it outlives every reference to the channel
  const std::function<void()> ready_;
  const std::unique_ptr<v1::OperationService::Stub> stub_;
  grpc::ClientContext context_;
  v1::WatchOperationRequest request_;
  v1::WatchOperationResponse incoming_;
  std::shared_ptr<Stream> self_;

  Mutex mutex_;
  std::optional<v1::WatchOperationResponse> slot_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> broken_ ABSL_GUARDED_BY(mutex_);
  bool hold_released_ ABSL_GUARDED_BY(mutex_) = false;
};

ForwardedWatch::ForwardedWatch(Peers& peers, const std::string& address,
                               const std::string& operation, std::int64_t after_sequence,
                               std::function<void()> ready)
    : stream_(std::make_shared<Stream>(peers, address, std::move(ready))) {
  Stream::Begin(stream_, operation, after_sequence);
}

ForwardedWatch::~ForwardedWatch() { stream_->Cancel(); }

std::optional<WatchEvent> ForwardedWatch::Poll() { return stream_->Take(); }

}  // namespace berth::operation
