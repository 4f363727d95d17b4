#pragma once

#include <google/protobuf/message.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/operation/handler.h"
#include "common/operation/lease_guard.h"
#include "common/operation/operation_watch.h"
#include "common/operation/options.h"
#include "common/operation/spec.h"

#include "berth/operation/v1/operation_service.pb.h"

namespace berth::kube {
class Client;
}

namespace berth::operation {

/// Runs long calls durably, shows how far they are, and finishes those of replicas that died. One
/// per process; all replicas of all services share the records. Every method may be called from any
/// thread; those that say so block for a few API requests.
class Manager {
 public:
  struct Started {
    std::string name;
    /// Whether an operation with this request_id existed.
    bool joined = false;
  };

  enum class Forwarding {
    kAllowed,
    /// The caller is another replica that forwards already: answer from here or not at all.
    kForbidden,
  };

  /// Reads or creates the idempotency key and takes this replica's Lease. `client` outlives the
  /// manager. Blocks.
  static absl::StatusOr<std::unique_ptr<Manager>> Create(kube::Client& client, Options options);

  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  /// As Shutdown.
  ~Manager();

  /// Names the handler of a method; before Start. `handler` outlives Shutdown.
  void RegisterHandler(std::string method, Handler& handler);

  /// Begins to run operations and to take over those of dead replicas.
  absl::Status Start();

  /// Whether the caches are filled; before that every other call answers NOT_READY.
  bool ready() const;

  /// Makes an operation durable and queues it, or joins the one that has this caller, service and
  /// request_id. `input` is the request. Blocks. Errors: ALREADY_EXISTS (REQUEST_ID_REUSED),
  /// RESOURCE_EXHAUSTED (QUEUE_FULL), UNAVAILABLE (SHUTTING_DOWN, NOT_READY,
  /// KUBERNETES_UNAVAILABLE), INVALID_ARGUMENT (INVALID_FIELD).
  absl::StatusOr<Started> StartOrJoin(Spec spec,
                                      std::shared_ptr<const google::protobuf::Message> input);

  /// As the RPC GetOperation. Blocks.
  absl::StatusOr<v1::Operation> Get(const std::string& name);

  /// As the RPC ListOperations.
  absl::StatusOr<v1::ListOperationsResponse> List(const v1::ListOperationsRequest& request);

  /// As the RPC CancelOperation, by name. Blocks.
  absl::StatusOr<v1::Operation> Cancel(const std::string& name);

  /// As the RPC CancelOperation, by request_id of `caller`. Blocks.
  absl::StatusOr<v1::Operation> CancelRequest(const std::string& caller, const std::string& method,
                                              const std::string& request_id);

  /// Follows an operation of any replica from `after_sequence` on. `ready` is called from any
  /// thread, one call at a time or several, perhaps once more while the watch is being destroyed;
  /// it must not block or destroy the watch. Blocks. Errors: NOT_FOUND (OPERATION_NOT_FOUND).
  absl::StatusOr<std::unique_ptr<OperationWatch>> Watch(const std::string& name,
                                                        std::int64_t after_sequence,
                                                        Forwarding forwarding,
                                                        std::function<void()> ready);

  /// Runs `task` on a thread that may block, for calls that arrive where blocking is forbidden.
  /// Dropped after Shutdown.
  void Post(std::function<void()> task);

  const LeaseGuard& lease() const;

  /// Takes no new operations and waits until this replica holds none, at most until `deadline`.
  /// Returns whether it got there. Fits Server::OnDrain.
  bool Drain(std::chrono::steady_clock::time_point deadline);

  /// Ends: operations without effects as INTERRUPTED, the others are left to another replica;
  /// watches break with SHUTTING_DOWN; the Lease is given back. Whatever ran on behalf of
  /// operations must be dead by now. Idempotent.
  void Shutdown();

 private:
  class Impl;
  explicit Manager(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace berth::operation
