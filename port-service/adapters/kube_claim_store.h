#pragma once

#include <string>

#include "common/kube/client.h"
#include "port-service/domain/claim_store.h"

namespace berth::port {

/// Claims as PortClaim objects in Berth's namespace. Thread safe.
class KubeClaimStore : public ClaimStore {
 public:
  /// The client is borrowed.
  KubeClaimStore(kube::Client& client, std::string ns);

  absl::StatusOr<Claim> Create(const Claim& claim) override;
  absl::StatusOr<Claim> Get(const pool::ClaimName& name) override;
  absl::StatusOr<Claim> Replace(const Claim& claim) override;
  /// Commit point: the object is marked as being deleted; then its finalizer goes. If that fails,
  /// the reaper sees to it.
  absl::Status Delete(const Claim& claim) override;

 private:
  absl::StatusOr<Claim> ReplaceReturned(const Claim& claim);
  absl::Status RemoveFinalizer(const Claim& claim);

  kube::Client& client_;
  const std::string ns_;
};

}  // namespace berth::port
