#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"

namespace berth::operation {

/// Which replica this is.
struct Identity {
  /// The pod's name, or the host's.
  std::string pod_name;
  /// The pod's uid, or another text that no other running replica has: letters, digits, '-', at
  /// most 63.
  std::string pod_uid;
  /// Where other replicas reach this one's OperationService: "10.1.2.3:50051".
  std::string address;
  /// Whether a pod of this name and uid exists, to own the replica's Lease.
  bool is_pod = true;
};

/// How fast replicas notice each other's death. The defaults are the protocol; tests shorten them
/// together.
struct LivenessTimes {
  std::chrono::milliseconds lease_duration = std::chrono::seconds(15);
  std::chrono::milliseconds renew_every = std::chrono::seconds(3);
  /// Without a renewal for so long the replica stops itself.
  std::chrono::milliseconds give_up_after = std::chrono::seconds(10);
  /// Between a Lease's deletion and the takeover of its operations.
  std::chrono::milliseconds kill_margin = std::chrono::seconds(5);
};

struct Retention {
  std::chrono::seconds keep = std::chrono::hours(24);
  std::size_t per_caller = 200;
};

struct Options {
  /// The service whose replicas may take each other's operations over: "helm-service", "gateway".
  std::string service;
  /// Where operations, queues, Leases and the idempotency key live.
  std::string kube_namespace;
  Identity identity;
  LivenessTimes liveness;
  Retention retention;
  /// How often ended operations are looked through.
  std::chrono::milliseconds retention_every = std::chrono::minutes(1);
  /// Handlers that run at one time.
  std::size_t threads = 16;
  /// Operations that this replica holds at one time, waiting ones included, and bytes of their
  /// requests. One more is refused with RESOURCE_EXHAUSTED.
  std::size_t max_operations = 1000;
  std::size_t max_input_bytes = std::size_t{256} << 20;
  /// A channel to another replica; called with its Identity::address.
  std::function<std::shared_ptr<grpc::Channel>(const std::string& address)> peer_channel;
  /// Called once, on a thread of the manager, when this replica lost its Lease: kill what runs on
  /// behalf of operations, then end the process, within kill_margin. Others take its operations
  /// over.
  std::function<void(const absl::Status& why)> on_lease_lost;
};

}  // namespace berth::operation
