#include "ingress-service/adapters/port_service_claims.h"

#include <fmt/format.h>

#include "common/grpc/channel.h"
#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/pool/claim_uid.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::ingress {
namespace {

absl::StatusOr<Claim> ParseClaim(const kube::Json& object) {
  Claim claim{.uid = pool::ClaimUid(object),
              .pool_uid = kube::StringAt(object, {"spec", "poolRef", "uid"})};
  const std::string state = kube::StringAt(object, {"spec", "state"});
  if (state == "RESERVED") {
    claim.state = ClaimState::kReserved;
  } else if (state == "BOUND") {
    claim.state = ClaimState::kBound;
  } else if (state == "RELEASING") {
    claim.state = ClaimState::kReleasing;
  } else if (state == "QUARANTINED") {
    claim.state = ClaimState::kQuarantined;
  } else {
    return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                 fmt::format("claim '{}' is in state '{}', which this version does not know",
                             kube::Name(object), state));
  }
  return claim;
}

void KeepStateOnly(kube::Json& claim) {
  kube::Json metadata = kube::Json::object();
  for (const char* field : {"namespace", "name", "uid", "resourceVersion", "deletionTimestamp"}) {
    if (const kube::Json& value = kube::At(claim, {"metadata", field}); !value.is_null()) {
      metadata[field] = value;
    }
  }
  kube::Json spec = kube::Json::object();
  for (const char* field : {"poolRef", "state", "incarnation"}) {
    if (const kube::Json& value = kube::At(claim, {"spec", field}); !value.is_null()) {
      spec[field] = value;
    }
  }
  claim = {{"metadata", std::move(metadata)}, {"spec", std::move(spec)}};
}

}  // namespace

kube::Cache::Options ClaimCacheOptions(const std::string& ns) {
  return {.resource = kube::kPortClaims, .ns = ns, .transform = KeepStateOnly};
}

std::optional<Claim> PortServiceClaims::Cached(const pool::ClaimName& name) const {
  const kube::Cache::Object object = cache_.Get({ns_, name.ToString()});
  if (object == nullptr) {
    return std::nullopt;
  }
  absl::StatusOr<Claim> claim = ParseClaim(*object);
  return claim.ok() ? std::optional(*std::move(claim)) : std::nullopt;
}

absl::StatusOr<std::optional<Claim>> PortServiceClaims::Read(const pool::ClaimName& name) {
  const absl::StatusOr<kube::Json> object = client_.Get(kube::kPortClaims, {ns_, name.ToString()});
  if (kube::IsNotFound(object.status())) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(object.status());
  return ParseClaim(*object);
}

absl::StatusOr<std::string> PortServiceClaims::TakeHeld(const pool::ClaimName& name,
                                                        const std::string& owner) {
  port::v1::ClaimRequest request;
  request.set_pool(name.pool().value());
  request.set_owner(owner);
  request.set_request_id("adopt/" + name.ToString());
  port::v1::PortRequest& port = *request.add_ports();
  port.add_protocols(name.protocol() == pool::Protocol::kTcp ? port::v1::PROTOCOL_TCP
                                                             : port::v1::PROTOCOL_UDP);
  port.set_port(name.port().number());
  port.set_held_by_others(true);
  ASSIGN_OR_RETURN(const port::v1::ClaimResponse response,
                   rpc::Call(stub_, &port::v1::PortService::StubInterface::Claim, request,
                             {.timeout = timeout_}));
  if (response.claims_size() != 1) {
    return Error(
        absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
        fmt::format("port-service answered {} claims for one port", response.claims_size()));
  }
  return response.claims(0).uid();
}

absl::Status PortServiceClaims::Bind(const pool::ClaimName& name, const std::string& uid) {
  port::v1::BindClaimRequest request;
  request.set_name(name.ToString());
  request.set_uid(uid);
  request.set_rule(name.ToString());
  return rpc::Call(stub_, &port::v1::PortService::StubInterface::BindClaim, request,
                   {.timeout = timeout_})
      .status();
}

absl::Status PortServiceClaims::Unbind(const pool::ClaimName& name, const std::string& uid) {
  port::v1::UnbindClaimRequest request;
  request.set_name(name.ToString());
  request.set_uid(uid);
  return rpc::Call(stub_, &port::v1::PortService::StubInterface::UnbindClaim, request,
                   {.timeout = timeout_})
      .status();
}

}  // namespace berth::ingress
