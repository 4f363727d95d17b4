#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/kube/client.h"
#include "common/kube/rest_mapper.h"
#include "common/pool/claim_name.h"
#include "common/pool/pool.h"
#include "port-service/domain/claim_store.h"

namespace berth::port {

/// Consistent reads of pools and rules in Berth's namespace, and of what rules are made of in any.
/// Thread safe.
class KubeClusterReader : public ClusterReader {
 public:
  /// Both are borrowed.
  KubeClusterReader(kube::Client& client, kube::RestMapper& mapper, std::string ns);

  absl::StatusOr<pool::Pool> ReadPool(const pool::PoolName& name) override;
  absl::StatusOr<bool> HasRule(const pool::ClaimName& name) override;
  absl::StatusOr<bool> HasObjects(const Claim& claim) override;

 private:
  kube::Client& client_;
  kube::RestMapper& mapper_;
  const std::string ns_;
};

/// The API server's time from a sample at most 60 s old; asks the server for one if need be.
ServerNow KubeServerNow(kube::Client& client);

}  // namespace berth::port
