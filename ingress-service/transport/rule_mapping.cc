#include "ingress-service/transport/rule_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "ingress-service/domain/rule_status.h"

namespace berth::ingress {
namespace {

constexpr std::size_t kMaxUid = 63;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxPortName = 15;
constexpr int kMaxSourceRanges = 64;

std::string Message(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// A DNS label: lower case letters, digits and '-' inside.
bool IsLabel(const std::string& text, std::size_t limit) {
  return !text.empty() && text.size() <= limit && IsLowerOrDigit(text.front()) &&
         IsLowerOrDigit(text.back()) && std::all_of(text.begin(), text.end(), [](char c) {
           return IsLowerOrDigit(c) || c == '-';
         });
}

bool IsUid(const std::string& text) {
  return !text.empty() && text.size() <= kMaxUid &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

// Whether it is a Service's port name: a label with a letter in it.
bool IsPortName(const std::string& text) {
  return IsLabel(text, kMaxPortName) &&
         std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

std::variant<pool::Port, std::string> ToTargetPort(const v1::RuleTarget& target,
                                                   FieldViolations& violations) {
  switch (target.service_port_case()) {
    case v1::RuleTarget::kPortNumber:
      if (const auto port = pool::Port::Parse(std::int64_t{target.port_number()}); port.ok()) {
        return *port;
      }
      violations.Add("target.port_number", "must be 1 to 65535");
      break;
    case v1::RuleTarget::kPortName:
      if (!IsPortName(target.port_name())) {
        violations.Add("target.port_name",
                       "must be the name of a Service's port: at most 15 lower case letters, "
                       "digits and '-', a letter among them");
      }
      break;
    case v1::RuleTarget::SERVICE_PORT_NOT_SET:
      violations.Add("target.service_port", "give port_number or port_name");
      break;
  }
  return target.port_name();
}

Target ToTarget(const v1::RuleTarget& target, FieldViolations& violations) {
  if (!IsLabel(target.namespace_(), kMaxLabel)) {
    violations.Add("target.namespace", "must be a namespace's name");
  }
  if (!IsLabel(target.service(), kMaxLabel)) {
    violations.Add("target.service", "must be a Service's name");
  }
  return {.ns = target.namespace_(),
          .service = target.service(),
          .port = ToTargetPort(target, violations)};
}

pool::ExposureRef ToExposure(const port::v1::ExposureRef& exposure, FieldViolations& violations) {
  if (!IsLabel(exposure.namespace_(), kMaxLabel)) {
    violations.Add("exposure.namespace", "must be a namespace's name");
  }
  if (exposure.name().empty() || exposure.name().size() > kMaxName) {
    violations.Add("exposure.name", "must have 1 to 253 characters");
  }
  if (!IsUid(exposure.uid())) {
    violations.Add("exposure.uid", "must be the exposure's unique id");
  }
  if (exposure.generation() < 0) {
    violations.Add("exposure.generation", "must not be negative");
  }
  return {.ns = exposure.namespace_(),
          .name = exposure.name(),
          .uid = exposure.uid(),
          .generation = exposure.generation()};
}

RuleOptions ToOptions(const v1::RuleOptions& options, FieldViolations& violations) {
  RuleOptions wanted{.decode_proxy_protocol = options.decode_proxy_protocol(),
                     .encode_proxy_protocol = options.encode_proxy_protocol()};
  if (options.source_ranges_size() > kMaxSourceRanges) {
    violations.Add("options.source_ranges",
                   fmt::format("must have at most {} entries", kMaxSourceRanges));
    return wanted;
  }
  for (int i = 0; i < options.source_ranges_size(); ++i) {
    absl::StatusOr<SourceRange> range = SourceRange::Parse(options.source_ranges(i));
    if (range.ok()) {
      wanted.source_ranges.push_back(*std::move(range));
    } else {
      violations.Add(fmt::format("options.source_ranges[{}]", i), Message(range.status()));
    }
  }
  std::sort(wanted.source_ranges.begin(), wanted.source_ranges.end());
  wanted.source_ranges.erase(std::unique(wanted.source_ranges.begin(), wanted.source_ranges.end()),
                             wanted.source_ranges.end());
  return wanted;
}

v1::PortRule::State ToProto(RuleState state) {
  switch (state) {
    case RuleState::kPending:
      return v1::PortRule::STATE_PENDING;
    case RuleState::kProgrammed:
      return v1::PortRule::STATE_PROGRAMMED;
    case RuleState::kDegraded:
      return v1::PortRule::STATE_DEGRADED;
    case RuleState::kRemoving:
      return v1::PortRule::STATE_REMOVING;
  }
  return v1::PortRule::STATE_UNSPECIFIED;
}

void Fill(const pool::ExposureRef& exposure, port::v1::ExposureRef& proto) {
  proto.set_namespace_(exposure.ns);
  proto.set_name(exposure.name);
  proto.set_uid(exposure.uid);
  proto.set_generation(exposure.generation);
}

void Fill(kube::Time time, google::protobuf::Timestamp& proto) {
  const auto since_epoch = time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  proto.set_seconds(seconds.count());
  proto.set_nanos(
      static_cast<std::int32_t>(std::chrono::nanoseconds(since_epoch - seconds).count()));
}

}  // namespace

absl::StatusOr<WantedRule> ToWantedRule(const v1::RuleSpec& spec) {
  FieldViolations violations;
  const absl::StatusOr<pool::ClaimName> name = pool::ClaimName::Parse(spec.claim());
  if (!name.ok()) {
    violations.Add("claim", "must be a claim's name: '<pool>.<tcp|udp>.<port>'");
  }
  if (!IsUid(spec.claim_uid())) {
    violations.Add("claim_uid", "must be the claim's unique id");
  }
  Target target = ToTarget(spec.target(), violations);
  RuleOptions options = ToOptions(spec.options(), violations);
  std::optional<pool::ExposureRef> exposure;
  if (spec.has_exposure()) {
    exposure = ToExposure(spec.exposure(), violations);
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return WantedRule{.name = *name,
                    .claim_uid = spec.claim_uid(),
                    .target = std::move(target),
                    .options = std::move(options),
                    .exposure = std::move(exposure)};
}

port::v1::Protocol ToProto(pool::Protocol protocol) {
  switch (protocol) {
    case pool::Protocol::kTcp:
      return port::v1::PROTOCOL_TCP;
    case pool::Protocol::kUdp:
      return port::v1::PROTOCOL_UDP;
  }
  return port::v1::PROTOCOL_UNSPECIFIED;
}

v1::RuleTarget ToProto(const Target& target) {
  v1::RuleTarget proto;
  proto.set_namespace_(target.ns);
  proto.set_service(target.service);
  if (const pool::Port* number = std::get_if<pool::Port>(&target.port)) {
    proto.set_port_number(number->number());
  } else {
    proto.set_port_name(std::get<std::string>(target.port));
  }
  return proto;
}

v1::RuleOptions ToProto(const RuleOptions& options) {
  v1::RuleOptions proto;
  proto.set_decode_proxy_protocol(options.decode_proxy_protocol);
  proto.set_encode_proxy_protocol(options.encode_proxy_protocol);
  for (const SourceRange& range : options.source_ranges) {
    proto.add_source_ranges(range.ToString());
  }
  return proto;
}

v1::PortRule ToProto(const Rule& rule) {
  v1::PortRule proto;
  proto.set_name(rule.name.ToString());
  proto.set_uid(rule.uid);
  proto.set_claim_uid(rule.spec.claim_uid);
  proto.set_pool(rule.name.pool().value());
  proto.set_protocol(ToProto(rule.name.protocol()));
  proto.set_port(rule.name.port().number());
  *proto.mutable_target() = ToProto(rule.spec.target);
  *proto.mutable_options() = ToProto(rule.spec.options);
  if (rule.spec.exposure) {
    Fill(*rule.spec.exposure, *proto.mutable_exposure());
  }
  const Standing standing = StandingOf(rule);
  proto.set_state(ToProto(standing.state));
  if (standing.state == RuleState::kDegraded) {
    proto.set_reason(standing.reason);
  }
  proto.set_message(standing.message);
  if (standing.state == RuleState::kProgrammed) {
    proto.set_evidence(rule.status.evidence);
  }
  if (rule.status.programmed_time) {
    Fill(*rule.status.programmed_time, *proto.mutable_programmed_time());
  }
  proto.set_etag(rule.resource_version);
  return proto;
}

}  // namespace berth::ingress
