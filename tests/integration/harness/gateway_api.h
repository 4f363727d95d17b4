#pragma once

#include "absl/status/status.h"
#include "common/kube/client.h"

namespace berth::harness {

/// Which generation of the Gateway API a cluster has.
enum class GatewayApiAge {
  /// Gateway and ReferenceGrant; routes in v1alpha2, XListenerSet in its trial group.
  kOld,
  /// Everything in v1.
  kNew,
};

/// Creates definitions of the kinds of the Gateway API that Berth uses and waits until they are
/// served. Their schemas have the limits that matter to a writer; the rest is let through.
absl::Status ApplyGatewayApi(kube::Client& client, GatewayApiAge age);

}  // namespace berth::harness
