#pragma once

#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "common/kube/client.h"
#include "common/kube/gateway_api.h"
#include "common/kube/json.h"
#include "common/sync/mutex.h"

namespace berth::ingress {

/// Writes the status of ListenerSets and TCPRoutes of one namespace as a controller of Gateways
/// does: of several listeners with one port the oldest has it, a route is told what becomes of its
/// target. Thread safe.
class GatewayController {
 public:
  GatewayController(std::unique_ptr<kube::Client> client, std::string ns, kube::GatewayApi api);

  /// Rests until it is resumed: what is written meanwhile has no status.
  void Pause();
  void Resume();
  /// Says for now that routes cannot be resolved, for this reason; empty for all is well.
  void SetRouteProblem(const std::string& reason);

 private:
  void Pass();
  void Judge(const kube::Json& listener_set, bool has_port);
  void WriteStatus(const kube::Resource& resource, const kube::Json& object,
                   const kube::Json& status);

  const std::unique_ptr<kube::Client> client_;
  const std::string ns_;
  const kube::GatewayApi api_;
  /// Held during a pass.
  Mutex mutex_;
  bool paused_ ABSL_GUARDED_BY(mutex_) = false;
  std::string route_problem_ ABSL_GUARDED_BY(mutex_);
  /// Last: it uses all of the above.
  std::jthread thread_;
};

}  // namespace berth::ingress
