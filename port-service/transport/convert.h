#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/pool/pool_state.h"
#include "port-service/domain/claim.h"
#include "port-service/domain/claim_filter.h"
#include "port-service/domain/claim_request.h"
#include "port-service/domain/port_usage.h"

#include "berth/port/v1/claim.pb.h"
#include "berth/port/v1/pool.pb.h"
#include "berth/port/v1/port_service.pb.h"

namespace berth::port {

/// A claim named by a request.
struct ClaimId {
  pool::ClaimName name;
  std::string uid;
};

/// A claim that is to live longer; without a TTL for its own.
struct RenewWish {
  ClaimId claim;
  std::optional<std::chrono::seconds> ttl;
};

/// Requests as the domain takes them. INVALID_ARGUMENT, INVALID_FIELD with every field at fault.
absl::StatusOr<ClaimRequest> ParseClaimRequest(const v1::ClaimRequest& request);
absl::StatusOr<RenewWish> ParseRenewRequest(const v1::RenewClaimRequest& request);
absl::StatusOr<ClaimFilter> ParseClaimFilter(const v1::ListClaimsRequest& request);
absl::StatusOr<ClaimFilter> ParseClaimFilter(const v1::WatchClaimsRequest& request);
absl::StatusOr<ClaimId> ParseClaimId(const std::string& name, const std::string& uid);
absl::StatusOr<pool::ClaimName> ParseClaimName(const std::string& name);
absl::StatusOr<pool::PoolName> ParsePoolName(const std::string& field, const std::string& name);

v1::Address ToProto(const pool::Address& address);
v1::ConfigMapSettings ToProto(const pool::ConfigMapRefs& refs);
/// `addresses` are those of the claim's pool.
v1::PortClaim ToProto(const Claim& claim, const std::vector<pool::Address>& addresses);
/// `usable` says whether ports can be claimed on this replica, and why not.
v1::PortPool ToProto(const pool::PoolState& pool, const ClaimedPorts& claimed,
                     const absl::Status& usable);

}  // namespace berth::port
