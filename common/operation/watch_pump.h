#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "common/grpc/stream_registry.h"
#include "common/grpc/stream_writer.h"
#include "common/operation/manager.h"
#include "common/operation/operation_watch.h"
#include "common/sync/mutex.h"

namespace berth::operation {

/// Moves the events of a watch into a server stream until one of them ends. `Response` has the
/// member `update`; how the end is told is the caller's. Any thread; shared by the stream and
/// whatever fills it.
template <typename Response>
class WatchPump final : public std::enable_shared_from_this<WatchPump<Response>> {
 public:
  /// Pushes the message of the operation's end and returns the status that the stream ends with.
  using PushEndFunction = absl::Status (*)(rpc::StreamWriter<Response>& stream,
                                           const Outcome& outcome);

  static std::shared_ptr<WatchPump> Open(rpc::StreamRegistry& registry,
                                         grpc::CallbackServerContext& context,
                                         PushEndFunction push_end) {
    std::shared_ptr<WatchPump> pump(new WatchPump(push_end));
    rpc::StreamOptions<Response> options;
    // Room for all that a ring may bring at once.
    options.max_queued_messages = kMaxQueuedMessages;
    options.keep_alive = [last = pump->last_] { return KeepAlive(*last); };
    pump->stream_ = rpc::StreamWriter<Response>::Open(registry, context, std::move(options));
    pump->stream_->OnDone([pump] { pump->Stop(); });
    return pump;
  }

  grpc::ServerWriteReactor<Response>* reactor() { return stream_->reactor(); }

  void Finish(const absl::Status& status) { stream_->Finish(status); }

  /// Tells that the operation is durable.
  void Accept(const Manager::Started& started) {
    last_->SetOperation(started.name);
    Response response;
    v1::OperationUpdate& update = *response.mutable_update();
    update.set_operation(started.name);
    update.mutable_accepted()->set_joined(started.joined);
    stream_->Push(std::move(response));
  }

  /// Begins to move events; once. Blocks for a few API requests.
  void Follow(Manager& manager, const std::string& operation, std::int64_t after_sequence,
              Manager::Forwarding forwarding) {
    last_->SetOperation(operation);
    auto watch =
        manager.Watch(operation, after_sequence, forwarding, [weak = this->weak_from_this()] {
          if (const auto pump = weak.lock()) pump->Pump();
        });
    if (!watch.ok()) return Finish(watch.status());
    {
      MutexLock lock(mutex_);
      if (!stopped_) watch_ = *std::move(watch);
    }
    Pump();
  }

 private:
  static constexpr std::size_t kMaxQueuedMessages = 4096;

  // What a keep-alive repeats.
  struct LastUpdate {
    void SetOperation(const std::string& name) {
      MutexLock lock(mutex);
      operation = name;
    }
    Mutex mutex;
    std::string operation ABSL_GUARDED_BY(mutex);
    std::atomic<std::int64_t> sequence = 0;
  };

  explicit WatchPump(PushEndFunction push_end) : push_end_(push_end) {}

  static Response KeepAlive(LastUpdate& last) {
    Response response;
    v1::OperationUpdate& update = *response.mutable_update();
    update.set_sequence(last.sequence);
    update.mutable_keep_alive();
    MutexLock lock(last.mutex);
    update.set_operation(last.operation);
    return response;
  }

  // One caller at a time polls; calls that come meanwhile make it look again.
  void Pump() {
    if (wanted_.fetch_add(1) > 0) return;
    int served = 0;
    do {
      served = wanted_.load();
      while (MoveOne()) {
      }
    } while (!wanted_.compare_exchange_strong(served, 0));
  }

  // Whether there may be more.
  bool MoveOne() {
    std::shared_ptr<OperationWatch> watch;
    {
      MutexLock lock(mutex_);
      watch = watch_;
    }
    if (watch == nullptr) return false;
    std::optional<WatchEvent> event = watch->Poll();
    if (!event) return false;
    if (auto* update = std::get_if<v1::OperationUpdate>(&*event)) {
      last_->sequence = update->sequence();
      Response response;
      *response.mutable_update() = std::move(*update);
      return stream_->Push(std::move(response));
    }
    if (const Ended* ended = std::get_if<Ended>(&*event)) {
      Finish(push_end_(*stream_, ended->outcome));
    } else {
      Finish(std::get<Broken>(*event).error);
    }
    return false;
  }

  void Stop() {
    std::shared_ptr<OperationWatch> watch;
    MutexLock lock(mutex_);
    stopped_ = true;
    watch.swap(watch_);
  }

  const PushEndFunction push_end_;
  const std::shared_ptr<LastUpdate> last_ = std::make_shared<LastUpdate>();
  std::shared_ptr<rpc::StreamWriter<Response>> stream_;
  std::atomic<int> wanted_ = 0;

  Mutex mutex_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  // Shared with the thread that polls it just now.
  std::shared_ptr<OperationWatch> watch_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace berth::operation
