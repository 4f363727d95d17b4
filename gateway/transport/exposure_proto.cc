#include "gateway/transport/exposure_proto.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/macros.h"
#include "gateway/domain/exposure_state.h"

namespace berth::gateway {
namespace {

/// The value, with what is wrong with it noted under `field`.
template <typename T>
std::optional<T> Checked(absl::StatusOr<T> value, const std::string& field,
                         FieldViolations& violations) {
  if (!value.ok()) {
    violations.AddAll(field, value.status());
    return std::nullopt;
  }
  return *std::move(value);
}

std::optional<ServicePortRef> TargetPortFromProto(const v1::PortWish& wish,
                                                  const std::string& field,
                                                  FieldViolations& violations) {
  switch (wish.target_port_case()) {
    case v1::PortWish::kPortNumber:
      return Checked(Port::Parse(wish.port_number()), field + ".port_number", violations);
    case v1::PortWish::kPortName:
      return Checked(PortName::Parse(wish.port_name()), field + ".port_name", violations);
    case v1::PortWish::TARGET_PORT_NOT_SET:
      break;
  }
  return OnlyPort{};
}

std::optional<Protocol> ProtocolFromProto(port::v1::Protocol protocol, const std::string& field,
                                          FieldViolations& violations) {
  switch (protocol) {
    case port::v1::PROTOCOL_UNSPECIFIED:
    case port::v1::PROTOCOL_TCP:
      return Protocol::kTcp;
    case port::v1::PROTOCOL_UDP:
      return Protocol::kUdp;
    default:
      violations.Add(field, "is neither PROTOCOL_TCP nor PROTOCOL_UDP");
      return std::nullopt;
  }
}

std::optional<PortWish> WishFromProto(const v1::PortWish& wish, bool needs_name,
                                      const std::string& field, FieldViolations& violations) {
  const bool unnamed = wish.name().empty() && !needs_name;
  auto name = unnamed ? DefaultEntryName()
                      : Checked(EntryName::Parse(wish.name()), field + ".name", violations);
  auto target = TargetPortFromProto(wish, field, violations);
  auto protocol = ProtocolFromProto(wish.protocol(), field + ".protocol", violations);
  std::optional<Port> port;
  if (wish.port() != 0) {
    port = Checked(Port::Parse(wish.port()), field + ".port", violations);
  }
  if (!name.has_value() || !target.has_value() || !protocol.has_value()) {
    return std::nullopt;
  }
  return PortWish{*std::move(name), *std::move(target), *protocol, port};
}

std::optional<Target> TargetFromProto(const v1::ExposureTarget& target,
                                      FieldViolations& violations) {
  switch (target.target_case()) {
    case v1::ExposureTarget::kService:
      return Checked(ServiceName::Parse(target.service()), "target.service", violations);
    case v1::ExposureTarget::kRelease:
      return Checked(ReleaseName::Parse(target.release()), "target.release", violations);
    case v1::ExposureTarget::TARGET_NOT_SET:
      break;
  }
  violations.Add("target", "name a service or a release");
  return std::nullopt;
}

port::v1::Protocol ToProto(Protocol protocol) {
  return protocol == Protocol::kTcp ? port::v1::PROTOCOL_TCP : port::v1::PROTOCOL_UDP;
}

port::v1::Address ToProto(const Address& address) {
  port::v1::Address proto;
  switch (address.kind()) {
    case Address::Kind::kIpv4:
      proto.set_ip(address.host());
      proto.set_family(port::v1::Address::FAMILY_IPV4);
      break;
    case Address::Kind::kIpv6:
      proto.set_ip(address.host());
      proto.set_family(port::v1::Address::FAMILY_IPV6);
      break;
    case Address::Kind::kHostname:
      proto.set_hostname(address.host());
      break;
  }
  return proto;
}

v1::ExposureSpec ToProto(const ExposureSpec& spec) {
  v1::ExposureSpec proto;
  if (const ReleaseName* release = std::get_if<ReleaseName>(&spec.target())) {
    proto.mutable_target()->set_release(release->str());
  } else {
    proto.mutable_target()->set_service(std::get<ServiceName>(spec.target()).str());
  }
  proto.set_pool(spec.pool().value());
  for (const PortWish& wish : spec.ports()) {
    v1::PortWish& port = *proto.add_ports();
    port.set_name(wish.name.str());
    if (const Port* number = std::get_if<Port>(&wish.target_port)) {
      port.set_port_number(number->number());
    } else if (const PortName* name = std::get_if<PortName>(&wish.target_port)) {
      port.set_port_name(name->str());
    }
    port.set_protocol(ToProto(wish.protocol));
    port.set_port(wish.port.has_value() ? wish.port->number() : 0);
  }
  return proto;
}

v1::Exposure::State ToProto(ExposureState state) {
  switch (state) {
    case ExposureState::kPending:
      return v1::Exposure::STATE_PENDING;
    case ExposureState::kActive:
      return v1::Exposure::STATE_ACTIVE;
    case ExposureState::kDegraded:
      return v1::Exposure::STATE_DEGRADED;
    case ExposureState::kTargetMissing:
      return v1::Exposure::STATE_TARGET_MISSING;
    case ExposureState::kRemoving:
      return v1::Exposure::STATE_REMOVING;
  }
  return v1::Exposure::STATE_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<std::vector<PortWish>> PortsFromProto(
    const google::protobuf::RepeatedPtrField<v1::PortWish>& ports) {
  FieldViolations violations;
  if (ports.empty() || static_cast<std::size_t>(ports.size()) > ExposureSpec::kMaxPorts) {
    return InvalidField("ports",
                        fmt::format("between 1 and {} are needed", ExposureSpec::kMaxPorts));
  }
  std::vector<PortWish> wishes;
  for (int i = 0; i < ports.size(); ++i) {
    auto wish = WishFromProto(ports[i], ports.size() > 1, fmt::format("ports[{}]", i), violations);
    if (wish.has_value()) {
      wishes.push_back(*std::move(wish));
    }
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return wishes;
}

absl::StatusOr<ExposureSpec> SpecFromProto(const v1::ExposureSpec& spec) {
  FieldViolations violations;
  auto target = TargetFromProto(spec.target(), violations);
  auto pool = Checked(PoolName::Parse(spec.pool()), "pool", violations);
  auto ports = Checked(PortsFromProto(spec.ports()), "", violations);
  RETURN_IF_ERROR(violations.ToStatus());
  return ExposureSpec::Create(*std::move(target), *std::move(pool), *std::move(ports));
}

v1::Exposure ToProto(const Exposure& exposure) {
  v1::Exposure proto;
  proto.set_namespace_(exposure.key.ns.str());
  proto.set_name(exposure.key.name.str());
  proto.set_uid(exposure.uid);
  proto.set_generation(exposure.generation);
  if (exposure.spec.ok()) {
    *proto.mutable_spec() = ToProto(*exposure.spec);
  }
  const ExposureStanding standing = StandingOf(exposure);
  proto.set_state(ToProto(standing.state));
  proto.set_reason(standing.reason);
  proto.set_message(standing.message);
  for (const ExposedPort& port : exposure.status.ports) {
    v1::ExposedPort& exposed = *proto.add_ports();
    exposed.set_name(port.name.str());
    exposed.set_protocol(ToProto(port.protocol));
    exposed.set_port(port.port.number());
    exposed.set_claim(port.claim);
  }
  for (const Address& address : exposure.status.addresses) {
    *proto.add_addresses() = ToProto(address);
  }
  if (exposure.create_time.has_value()) {
    *proto.mutable_create_time() = google::protobuf::util::TimeUtil::SecondsToTimestamp(
        exposure.create_time->time_since_epoch().count());
  }
  return proto;
}

}  // namespace berth::gateway
