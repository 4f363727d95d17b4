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
#include "absl/synchronization/mutex.h"
#include "common/grpc/stream_registry.h"
#include "common/status/grpc_status.h"
#include "common/status/status.h"

namespace berth::rpc {

// Bounds of one stream, and its keep-alive.
template <typename Response>
struct StreamOptions {
  // What may wait for a reader that is behind; one more ends the stream.
  std::size_t max_queued_messages = 512;
  std::size_t max_queued_bytes = std::size_t{4} << 20;
  // After so long without a message `keep_alive` is asked for one; it may be called on any thread
  // and must not block. No function: no keep-alive.
  std::chrono::milliseconds keep_alive_interval{15'000};
  std::function<Response()> keep_alive;
};

// The server's side of one server-streaming call, on gRPC's callback API. It owns the reactor's
// rules: one write in flight, never a Finish beside it, cancellation at any moment, memory bounded.
//
//   grpc::ServerWriteReactor<WatchXResponse>* WatchX(grpc::CallbackServerContext* context,
//                                                    const WatchXRequest* request) override {
//     auto stream = rpc::StreamWriter<WatchXResponse>::Open(streams_, *context);
//     ... hand `stream` to whoever produces messages, or stream->Finish(error) ...
//     return stream->reactor();
//   }
//
// Threads: Push, Finish and OnDone may be called from any thread, also inside of callbacks; none
// blocks. Lifetime: shared between the producer and gRPC; a producer may keep it as long as it
// likes, a stream that is over only refuses messages.
//
// A reader so slow that the queue is full gets what was written so far and then RESOURCE_EXHAUSTED,
// SLOW_READER; one that does not read at all is cut off kStuckLimit later.
template <typename Response>
class StreamWriter final : public OpenStream,
                           public std::enable_shared_from_this<StreamWriter<Response>> {
 public:
  using Options = StreamOptions<Response>;

  // How long the last write of a stream that is to end may take.
  static constexpr std::chrono::seconds kStuckLimit{10};

  // Makes the stream of the call that `context` belongs to. The handler must return reactor().
  static std::shared_ptr<StreamWriter> Open(StreamRegistry& registry,
                                            grpc::CallbackServerContext& context,
                                            Options options = {});

  // What the handler returns to gRPC, exactly once.
  grpc::ServerWriteReactor<Response>* reactor() { return reactor_; }

  // Queues a message. False if the stream has been finished, cancelled or cut off: the producer
  // should stop.
  bool Push(Response response);

  // Ends the stream with `status` after what is queued. Only the first Finish counts.
  void Finish(const absl::Status& status) override;

  // Runs `callback` once, when the call is over and nothing of it is left in gRPC; at once if it is
  // already. On gRPC's threads: it must not block. Not for freeing the last channel or server.
  void OnDone(std::function<void()> callback);

  // Whether Push would refuse.
  bool closed() const;

  void Tick(SteadyTime now) override;

 private:
  class Reactor;

  StreamWriter(StreamRegistry& registry, grpc::CallbackServerContext& context, Options options);

  // What to ask of gRPC next, decided under the mutex and done without it.
  enum class Step { kNone, kWrite, kFinish };
  Step NextStep() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Do(Step step);

  // The reactor's events.
  void Written(bool ok);
  void Cancelled();
  void Done();

  StreamRegistry& registry_;
  grpc::CallbackServerContext& context_;  // valid until Done
  const Options options_;
  Reactor* const
      reactor_;  // deletes itself in OnDone; not touched after `finishing_` was seen done

  mutable absl::Mutex mutex_;
  std::deque<Response> queue_ ABSL_GUARDED_BY(mutex_);
  std::size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  Response in_flight_;  // owned by whoever set writing_
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status final_status_ ABSL_GUARDED_BY(mutex_);
  SteadyTime last_message_ ABSL_GUARDED_BY(mutex_);
  std::optional<SteadyTime> closed_at_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> on_done_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::rpc
