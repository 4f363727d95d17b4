#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "common/kube/cache.h"
#include "common/kube/client.h"
#include "ingress-service/domain/claims.h"

#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::ingress {

/// The cache that PortServiceClaims reads; `ns` is Berth's namespace. Of each claim no more than
/// whose it is and where it stands.
kube::Cache::Options ClaimCacheOptions(const std::string& ns);

/// PortClaim objects, read from the API server and changed through port-service. Thread safe;
/// borrows everything.
class PortServiceClaims : public Claims {
 public:
  PortServiceClaims(kube::Client& client, const kube::Cache& cache, std::string ns,
                    port::v1::PortService::StubInterface& stub, std::chrono::milliseconds timeout)
      : client_(client), cache_(cache), ns_(std::move(ns)), stub_(stub), timeout_(timeout) {}

  std::optional<Claim> Cached(const pool::ClaimName& name) const override;
  absl::StatusOr<std::optional<Claim>> Read(const pool::ClaimName& name) override;
  absl::StatusOr<std::string> TakeHeld(const pool::ClaimName& name,
                                       const std::string& owner) override;
  absl::Status Bind(const pool::ClaimName& name, const std::string& uid) override;
  absl::Status Unbind(const pool::ClaimName& name, const std::string& uid) override;

 private:
  kube::Client& client_;
  const kube::Cache& cache_;
  const std::string ns_;
  port::v1::PortService::StubInterface& stub_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace berth::ingress
