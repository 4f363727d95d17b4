#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/json.h"

namespace berth::pool {

/// The Services of type LoadBalancer of all namespaces, as seen last: names, labels, ports and
/// addresses.
struct SeenServices {
  /// False before the first read.
  bool known = false;
  /// Why they cannot be read, for people; empty if nothing is in the way.
  std::string problem;
  /// Null before the first read.
  std::shared_ptr<const std::vector<std::shared_ptr<const kube::Json>>> services;

  friend bool operator==(const SeenServices&, const SeenServices&) = default;
};

/// Watches these Services while it is asked to.
///
/// Threads: its cache's; all methods may be called from any thread, Follow and Stop by one at a
/// time. Lifetime: the client must outlive it.
class ServiceWatcher {
 public:
  struct Options {
    /// Called after a change of a Service that is not of a rule; may not block.
    std::function<void()> on_change;
    /// Called when the API server's store was put back to an earlier state; may not block.
    std::function<void()> on_rewound;
  };

  ServiceWatcher(kube::Client& client, Options options);
  /// Stops.
  ~ServiceWatcher();

  /// Watches from now on.
  void Follow();
  void Stop();

  SeenServices Find() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same by a consistent list. Errors: those of the API server.
absl::StatusOr<SeenServices> ReadServices(kube::Client& client);

}  // namespace berth::pool
