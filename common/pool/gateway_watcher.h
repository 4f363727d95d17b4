#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/gateway_api.h"
#include "common/kube/resource.h"
#include "common/kube/rest_mapper.h"
#include "common/pool/seen_gateway.h"

namespace berth::pool {

/// Watches Gateways that pools name, each by a watch of that one object, and the ListenerSets of
/// all namespaces. Nothing is watched, or asked for, while no pool names a Gateway.
///
/// Threads: its caches'; all methods may be called from any thread, Follow and Stop by one at a
/// time. Lifetime: the client must outlive it.
class GatewayWatcher {
 public:
  struct Options {
    /// Berth's namespace.
    std::string ns;
    /// Called after a change of a Gateway, or of a ListenerSet that is not of Berth's rules; may
    /// not block.
    std::function<void()> on_change;
    /// Called when the API server's store was put back to an earlier state; may not block.
    std::function<void()> on_rewound;
  };

  GatewayWatcher(kube::Client& client, Options options);
  /// Stops.
  ~GatewayWatcher();

  /// Watches exactly these from now on, under the versions that are served now: to be repeated
  /// every kFollowInterval while there are any. Blocks for API requests. Errors: those of
  /// discovery; what was watched is watched on.
  absl::Status Follow(const std::set<kube::ObjectName>& gateways);
  void Stop();

  SeenGateway Find(const kube::ObjectName& name) const;

  static constexpr std::chrono::seconds kFollowInterval{10};

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The same by consistent reads. Errors: those of the API server.
absl::StatusOr<SeenGateway> ReadGateway(kube::Client& client, kube::RestMapper& mapper,
                                        const std::string& ns, const kube::ObjectName& name);

}  // namespace berth::pool
