#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "common/grpc/stream_registry.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"
#include "common/sync/mutex.h"

namespace berth::rpc {

/// Bounds of one stream, and its keep-alive.
template <typename Response>
struct StreamOptions {
  /// What may wait for a reader that is behind; one more ends the stream.
  std::size_t max_queued_messages = 512;
  std::size_t max_queued_bytes = std::size_t{4} << 20;
  /// After so long without a message `keep_alive` is asked for one; it may be called on any thread
  /// and must not block. No function: no keep-alive.
  std::chrono::milliseconds keep_alive_interval{15'000};
  std::function<Response()> keep_alive;
};

/// The server's side of one server-streaming call, on gRPC's callback API. It owns the reactor's
/// rules: one write in flight, never a Finish beside it, cancellation at any moment, memory
/// bounded.
///
///   grpc::ServerWriteReactor<WatchXResponse>* WatchX(grpc::CallbackServerContext* context,
///                                                    const WatchXRequest* request) override {
///     auto stream = rpc::StreamWriter<WatchXResponse>::Open(streams_, *context);
///     ... hand `stream` to whoever produces messages, or stream->Finish(error) ...
///     return stream->reactor();
///   }
///
/// Threads: Push, Finish and OnDone may be called from any thread, also inside of callbacks; none
/// blocks. Lifetime: shared between the producer and gRPC; a producer may keep it as long as it
/// likes, a stream that is over only refuses messages.
///
/// A reader so slow that the queue is full gets what was written so far and then
/// RESOURCE_EXHAUSTED, SLOW_READER; one that does not read at all is cut off kStuckLimit later.
template <typename Response>
class StreamWriter final : public OpenStream {
 public:
  using Options = StreamOptions<Response>;

  /// How long the last write of a stream that is to end may take.
  static constexpr std::chrono::seconds kStuckLimit{10};

  /// Makes the stream of the call that `context` belongs to. The handler must return reactor().
  static std::shared_ptr<StreamWriter> Open(StreamRegistry& registry,
                                            grpc::CallbackServerContext& context,
                                            Options options = {});

  /// What the handler returns to gRPC, exactly once.
  grpc::ServerWriteReactor<Response>* reactor();

  /// Queues a message. False if the stream has been finished, cancelled or cut off: the producer
  /// should stop.
  bool Push(Response response);

  /// Ends the stream with `status` after what is queued. Only the first Finish counts.
  void Finish(const absl::Status& status) override;

  /// Runs `callback` once, when the call is over and nothing of it is left in gRPC; at once if it
  /// is already. On gRPC's threads: it must not block. Not for freeing the last channel or server.
  void OnDone(std::function<void()> callback);

  /// Whether Push would refuse.
  bool closed() const;

  void Tick(SteadyTime now) override;

 private:
  class Reactor;

  StreamWriter(StreamRegistry& registry, grpc::CallbackServerContext& context, Options options);

  /// What to ask of gRPC next, decided under the mutex and done without it.
  enum class Step { kNone, kWrite, kFinish };
  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(Step step) ABSL_LOCKS_EXCLUDED(mutex_);
  /// Refuses further messages; the stream will end with `status`.
  void Close(const absl::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropQueue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  /// The reactor's events.
  void OnWritten(bool ok);
  void OnCancelled();
  void OnOver();

  StreamRegistry& registry_;
  const Options options_;
  /// Deletes itself when the call is over. It cannot be over while a write is in flight or before
  /// Finish, so the thread that set writing_ or finishing_ may still use it.
  Reactor* reactor_ = nullptr;
  /// The message being written; belongs to gRPC while writing_ is set.
  Response in_flight_;

  /// Held by Tick while it cancels, so that the context does not go away meanwhile.
  Mutex context_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);
  grpc::CallbackServerContext* context_ ABSL_GUARDED_BY(context_mutex_);

  mutable Mutex mutex_;
  std::deque<Response> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status final_status_ ABSL_GUARDED_BY(mutex_);
  /// When a message was last pushed, and when gRPC last took one or the stream was closed.
  SteadyTime last_push_ ABSL_GUARDED_BY(mutex_) = std::chrono::steady_clock::now();
  SteadyTime last_progress_ ABSL_GUARDED_BY(mutex_) = std::chrono::steady_clock::now();
  std::vector<std::function<void()>> on_done_ ABSL_GUARDED_BY(mutex_);
};

template <typename Response>
class StreamWriter<Response>::Reactor final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit Reactor(std::shared_ptr<StreamWriter> stream) : stream_(std::move(stream)) {}

  void OnWriteDone(bool ok) override { stream_->OnWritten(ok); }
  void OnCancel() override { stream_->OnCancelled(); }
  void OnDone() override {
    stream_->OnOver();
    delete this;
  }

 private:
  const std::shared_ptr<StreamWriter> stream_;  // shared with the producer
};

template <typename Response>
std::shared_ptr<StreamWriter<Response>> StreamWriter<Response>::Open(
    StreamRegistry& registry, grpc::CallbackServerContext& context, Options options) {
  std::shared_ptr<StreamWriter> stream(new StreamWriter(registry, context, std::move(options)));
  stream->reactor_ = new Reactor(stream);
  registry.Add(stream);
  return stream;
}

template <typename Response>
StreamWriter<Response>::StreamWriter(StreamRegistry& registry, grpc::CallbackServerContext& context,
                                     Options options)
    : registry_(registry), options_(std::move(options)), context_(&context) {}

template <typename Response>
grpc::ServerWriteReactor<Response>* StreamWriter<Response>::reactor() {
  return reactor_;
}

template <typename Response>
bool StreamWriter<Response>::Push(Response response) {
  const std::size_t bytes = response.ByteSizeLong();
  Step step;
  bool taken = true;
  {
    MutexLock lock(mutex_);
    if (closed_) {
      return false;
    }
    // A message that is larger than the bound is taken when nothing else waits.
    const bool too_many = queue_.size() >= options_.max_queued_messages;
    const bool too_large = !queue_.empty() && queued_bytes_ + bytes > options_.max_queued_bytes;
    if (too_many || too_large) {
      DropQueue();
      Close(Error(absl::StatusCode::kResourceExhausted, Reason::ERROR_REASON_SLOW_READER,
                  "the stream was read too slowly; open it again after the last message"));
      taken = false;
    } else {
      queue_.push_back(std::move(response));
      queued_bytes_ += bytes;
      last_push_ = std::chrono::steady_clock::now();
    }
    step = NextStep();
  }
  Do(step);
  return taken;
}

template <typename Response>
void StreamWriter<Response>::Finish(const absl::Status& status) {
  Step step;
  {
    MutexLock lock(mutex_);
    if (closed_) {
      return;
    }
    Close(status);
    step = NextStep();
  }
  Do(step);
}

template <typename Response>
void StreamWriter<Response>::OnDone(std::function<void()> callback) {
  {
    MutexLock lock(mutex_);
    if (!over_) {
      on_done_.push_back(std::move(callback));
      return;
    }
  }
  callback();
}

template <typename Response>
bool StreamWriter<Response>::closed() const {
  MutexLock lock(mutex_);
  return closed_;
}

template <typename Response>
void StreamWriter<Response>::Tick(SteadyTime now) {
  bool keep_alive_due = false;
  bool stuck = false;
  {
    MutexLock lock(mutex_);
    keep_alive_due = !closed_ && !writing_ && options_.keep_alive != nullptr &&
                     now - last_push_ >= options_.keep_alive_interval;
    stuck = closed_ && now - last_progress_ >= kStuckLimit;
  }
  if (keep_alive_due) {
    Push(options_.keep_alive());
  }
  if (stuck) {
    MutexLock lock(context_mutex_);
    if (context_ != nullptr) {
      context_->TryCancel();
    }
  }
}

template <typename Response>
typename StreamWriter<Response>::Step StreamWriter<Response>::NextStep() {
  if (writing_ || finishing_) {
    return Step::kNone;
  }
  if (!queue_.empty()) {
    in_flight_ = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= in_flight_.ByteSizeLong();
    writing_ = true;
    return Step::kWrite;
  }
  finishing_ = closed_;
  return finishing_ ? Step::kFinish : Step::kNone;
}

template <typename Response>
void StreamWriter<Response>::Do(Step step) {
  switch (step) {
    case Step::kNone:
      return;
    case Step::kWrite:
      reactor_->StartWrite(&in_flight_);
      return;
    case Step::kFinish:
      absl::Status status;
      {
        MutexLock lock(mutex_);
        status = final_status_;
      }
      reactor_->Finish(ToGrpcStatus(status));
      return;
  }
}

template <typename Response>
void StreamWriter<Response>::Close(const absl::Status& status) {
  closed_ = true;
  final_status_ = status;
  last_progress_ = std::chrono::steady_clock::now();
}

template <typename Response>
void StreamWriter<Response>::DropQueue() {
  queue_.clear();
  queued_bytes_ = 0;
}

template <typename Response>
void StreamWriter<Response>::OnWritten(bool ok) {
  Step step;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    last_progress_ = std::chrono::steady_clock::now();
    if (!ok) {
      DropQueue();
      if (!closed_) {
        Close(absl::CancelledError("the caller is gone"));
      }
    }
    step = NextStep();
  }
  Do(step);
}

template <typename Response>
void StreamWriter<Response>::OnCancelled() {
  Step step;
  {
    MutexLock lock(mutex_);
    DropQueue();
    if (!closed_) {
      Close(absl::CancelledError("the caller is gone"));
    }
    step = NextStep();
  }
  Do(step);
}

template <typename Response>
void StreamWriter<Response>::OnOver() {
  {
    MutexLock lock(context_mutex_);
    context_ = nullptr;
  }
  registry_.Remove(this);
  std::vector<std::function<void()>> callbacks;
  {
    MutexLock lock(mutex_);
    over_ = true;
    callbacks = std::move(on_done_);
  }
  for (const std::function<void()>& callback : callbacks) {
    callback();
  }
}

}  // namespace berth::rpc
