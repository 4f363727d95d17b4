#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "gateway/domain/load_balancing.h"

#include "berth/ingress/v1/ingress_service.grpc.pb.h"
#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::gateway {

/// Port-service and ingress-service by gRPC. Thread safe.
class ServiceLoadBalancing final : public LoadBalancing {
 public:
  /// Stubs are borrowed.
  ServiceLoadBalancing(port::v1::PortService::StubInterface& ports,
                       ingress::v1::IngressService::StubInterface& rules)
      : ports_(ports), rules_(rules) {}

  absl::Status Check(const ExposureKey& key, const ExposureSpec& spec) override;
  absl::StatusOr<std::vector<Claim>> ClaimPorts(const ExposureRef& exposure, const PoolName& pool,
                                                const std::vector<PortWish>& entries,
                                                const std::vector<int>& avoid) override;
  absl::Status ReleaseClaim(const std::string& name, const std::string& uid) override;
  std::vector<absl::StatusOr<Rule>> ApplyRules(const ExposureRef& exposure,
                                               const std::vector<RuleWish>& rules) override;
  absl::Status DeleteRule(const std::string& name, const std::string& claim_uid) override;
  absl::StatusOr<std::vector<Address>> Addresses(const PoolName& pool) override;

 private:
  port::v1::PortService::StubInterface& ports_;
  ingress::v1::IngressService::StubInterface& rules_;
};

}  // namespace berth::gateway
