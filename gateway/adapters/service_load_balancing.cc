#include "gateway/adapters/service_load_balancing.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/grpc/channel.h"
#include "common/status/macros.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"

namespace berth::gateway {
namespace {

port::v1::Protocol ToProto(Protocol protocol) {
  return protocol == Protocol::kTcp ? port::v1::PROTOCOL_TCP : port::v1::PROTOCOL_UDP;
}

Protocol FromProto(port::v1::Protocol protocol) {
  return protocol == port::v1::PROTOCOL_UDP ? Protocol::kUdp : Protocol::kTcp;
}

port::v1::ExposureRef ToProto(const ExposureRef& exposure) {
  port::v1::ExposureRef proto;
  proto.set_namespace_(exposure.key.ns.str());
  proto.set_name(exposure.key.name.str());
  proto.set_uid(exposure.uid);
  proto.set_generation(exposure.generation);
  return proto;
}

Claim::State FromProto(port::v1::PortClaim::State state) {
  switch (state) {
    case port::v1::PortClaim::STATE_RESERVED:
      return Claim::State::kReserved;
    case port::v1::PortClaim::STATE_BOUND:
      return Claim::State::kBound;
    case port::v1::PortClaim::STATE_QUARANTINED:
      return Claim::State::kQuarantined;
    default:
      return Claim::State::kReleasing;
  }
}

Claim FromProto(const port::v1::PortClaim& proto) {
  return {.name = proto.name(),
          .uid = proto.uid(),
          .pool = proto.pool(),
          .entry = proto.entry(),
          .protocol = FromProto(proto.protocol()),
          .port = proto.port(),
          .state = FromProto(proto.state())};
}

Condition ProgrammedOf(const ingress::v1::PortRule& proto) {
  Condition condition{.message = proto.message()};
  switch (proto.state()) {
    case ingress::v1::PortRule::STATE_PROGRAMMED:
      condition.status = Truth::kTrue;
      condition.reason = "Programmed";
      break;
    case ingress::v1::PortRule::STATE_DEGRADED:
      condition.status = Truth::kFalse;
      condition.reason = ConditionReason(proto.reason());
      break;
    default:
      // Nothing was said of this rule yet.
      return {};
  }
  return condition;
}

ServicePortRef PortOf(const ingress::v1::RuleTarget& target) {
  if (target.service_port_case() == ingress::v1::RuleTarget::kPortName) {
    if (auto name = PortName::Parse(target.port_name()); name.ok()) {
      return *std::move(name);
    }
  } else if (const auto number = Port::Parse(std::int64_t{target.port_number()}); number.ok()) {
    return *number;
  }
  return OnlyPort{};
}

Rule FromProto(const ingress::v1::PortRule& proto) {
  return {.name = proto.name(),
          .claim_uid = proto.claim_uid(),
          .target = {.ns = proto.target().namespace_(),
                     .service = proto.target().service(),
                     .port = PortOf(proto.target())},
          .exposure_generation = proto.exposure().generation(),
          .being_removed = proto.state() == ingress::v1::PortRule::STATE_REMOVING,
          .programmed = ProgrammedOf(proto)};
}

port::v1::ClaimRequest ClaimRequestOf(const ExposureKey& key, const PoolName& pool,
                                      const std::vector<PortWish>& entries) {
  port::v1::ClaimRequest request;
  request.set_pool(pool.value());
  request.set_owner(ClaimOwner(key));
  for (const PortWish& wish : entries) {
    port::v1::PortRequest& port = *request.add_ports();
    port.set_name(wish.name.str());
    port.add_protocols(ToProto(wish.protocol));
    port.set_port(wish.port.has_value() ? wish.port->number() : 0);
  }
  return request;
}

ingress::v1::RuleSpec ToProto(const ExposureRef& exposure, const RuleWish& wish) {
  ingress::v1::RuleSpec spec;
  spec.set_claim(wish.claim);
  spec.set_claim_uid(wish.claim_uid);
  *spec.mutable_exposure() = ToProto(exposure);
  ingress::v1::RuleTarget& target = *spec.mutable_target();
  target.set_namespace_(wish.target.ns);
  target.set_service(wish.target.service);
  if (const PortName* name = std::get_if<PortName>(&wish.target.port)) {
    target.set_port_name(name->str());
  } else if (const Port* port = std::get_if<Port>(&wish.target.port)) {
    target.set_port_number(port->number());
  }
  return spec;
}

absl::Status UnlessGone(const absl::Status& status) {
  return ReasonOf(status) == Reason::ERROR_REASON_CLAIM_NOT_FOUND ? absl::OkStatus() : status;
}

}  // namespace

absl::Status ServiceLoadBalancing::Check(const ExposureKey& key, const ExposureSpec& spec) {
  port::v1::ClaimRequest request = ClaimRequestOf(key, spec.pool(), spec.ports());
  request.set_request_id("validate");
  request.set_validate_only(true);
  return rpc::Call(ports_, &port::v1::PortService::StubInterface::Claim, request).status();
}

absl::StatusOr<std::vector<Claim>> ServiceLoadBalancing::ClaimPorts(
    const ExposureRef& exposure, const PoolName& pool, const std::vector<PortWish>& entries,
    const std::vector<int>& avoid) {
  port::v1::ClaimRequest request = ClaimRequestOf(exposure.key, pool, entries);
  // With each entry's name this is "<exposure uid>/<entry>": port-service keys claims by both.
  request.set_request_id(exposure.uid);
  *request.mutable_exposure() = ToProto(exposure);
  request.mutable_avoid_ports()->Add(avoid.begin(), avoid.end());
  ASSIGN_OR_RETURN(const port::v1::ClaimResponse response,
                   rpc::Call(ports_, &port::v1::PortService::StubInterface::Claim, request));
  std::vector<Claim> claims;
  for (const port::v1::PortClaim& claim : response.claims()) {
    claims.push_back(FromProto(claim));
  }
  return claims;
}

absl::Status ServiceLoadBalancing::ReleaseClaim(const std::string& name, const std::string& uid) {
  port::v1::ReleaseClaimRequest request;
  request.set_name(name);
  request.set_uid(uid);
  return UnlessGone(
      rpc::Call(ports_, &port::v1::PortService::StubInterface::ReleaseClaim, request).status());
}

std::vector<absl::StatusOr<Rule>> ServiceLoadBalancing::ApplyRules(
    const ExposureRef& exposure, const std::vector<RuleWish>& rules) {
  ingress::v1::ApplyRulesRequest request;
  for (const RuleWish& wish : rules) {
    *request.add_rules() = ToProto(exposure, wish);
  }
  const absl::StatusOr<ingress::v1::ApplyRulesResponse> response =
      rpc::Call(rules_, &ingress::v1::IngressService::StubInterface::ApplyRules, request);
  std::vector<absl::StatusOr<Rule>> answers;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!response.ok()) {
      answers.push_back(response.status());
      continue;
    }
    if (static_cast<int>(i) >= response->results_size()) {
      answers.push_back(Error(absl::StatusCode::kUnavailable,
                              Reason::ERROR_REASON_SERVICE_UNAVAILABLE,
                              "ingress-service answered fewer rules than it was asked for"));
      continue;
    }
    const ingress::v1::ApplyRuleResult& result = response->results(static_cast<int>(i));
    const absl::Status status = FromRpcStatus(result.status());
    answers.push_back(status.ok() ? absl::StatusOr<Rule>(FromProto(result.rule())) : status);
  }
  return answers;
}

absl::Status ServiceLoadBalancing::DeleteRule(const std::string& name,
                                              const std::string& claim_uid) {
  ingress::v1::DeleteRuleRequest request;
  request.set_name(name);
  request.set_claim_uid(claim_uid);
  return UnlessGone(
      rpc::Call(rules_, &ingress::v1::IngressService::StubInterface::DeleteRule, request).status());
}

absl::StatusOr<std::vector<Address>> ServiceLoadBalancing::Addresses(const PoolName& pool) {
  port::v1::GetPoolRequest request;
  request.set_name(pool.value());
  ASSIGN_OR_RETURN(const port::v1::GetPoolResponse response,
                   rpc::Call(ports_, &port::v1::PortService::StubInterface::GetPool, request));
  std::vector<Address> addresses;
  for (const port::v1::Address& proto : response.pool().addresses()) {
    auto address = proto.host_case() == port::v1::Address::kHostname
                       ? Address::ParseHostname(proto.hostname())
                       : Address::ParseIp(proto.ip());
    if (address.ok()) {
      addresses.push_back(*std::move(address));
    }
  }
  return addresses;
}

}  // namespace berth::gateway
