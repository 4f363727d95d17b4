#pragma once

#include <chrono>
#include <string>

namespace berth::operation {

/// What an operation is for: everything about a request that is recorded. The request itself never
/// is.
struct Spec {
  /// Full name of the RPC, such as "berth.helm.v1.HelmService/InstallRelease".
  std::string method;
  /// Namespace and name of the release or exposure that it works on.
  std::string target_namespace;
  std::string target_name;
  /// Who called, as authenticated; part of the operation's name.
  std::string caller;
  /// Idempotency key, at most 128 printable ASCII characters; made up when empty.
  std::string request_id;
  /// Name of the operation that this one is a step of; empty for none.
  std::string parent;
  /// Bound on the whole operation, waiting for its turn included; 1 s to 24 h.
  std::chrono::seconds timeout = std::chrono::minutes(10);
  /// Whether it waits for its turn in the queue of release target_namespace/target_name. A step of
  /// another operation is not queued: it runs if and only if its parent holds the turn and names it
  /// in its plan.
  bool takes_release_ticket = false;
};

}  // namespace berth::operation
