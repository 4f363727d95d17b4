#include "gateway/adapters/held_json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/kube/object.h"
#include "common/pool/claim_uid.h"

namespace berth::gateway {
namespace {

using kube::Json;

constexpr std::string_view kHelmReleaseAnnotation = "meta.helm.sh/release-name";
constexpr std::string_view kHelmNamespaceAnnotation = "meta.helm.sh/release-namespace";
constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";

Claim::State StateFromText(const std::string& text) {
  if (text == "RESERVED") {
    return Claim::State::kReserved;
  }
  if (text == "BOUND") {
    return Claim::State::kBound;
  }
  if (text == "QUARANTINED") {
    return Claim::State::kQuarantined;
  }
  // RELEASING, and whatever a later version may add: it holds the port and serves nobody.
  return Claim::State::kReleasing;
}

ServicePortRef PortRefFromJson(const Json& port) {
  if (port.is_number_integer()) {
    if (const auto number = Port::Parse(port.get<std::int64_t>()); number.ok()) {
      return *number;
    }
  } else if (port.is_string()) {
    if (auto name = PortName::Parse(port.get<std::string>()); name.ok()) {
      return *std::move(name);
    }
  }
  return OnlyPort{};
}

/// The release of this namespace that the object is part of; empty for none.
std::string HelmReleaseOf(const Json& object) {
  if (kube::Label(object, kManagedByLabel) != "Helm" ||
      kube::Annotation(object, kHelmNamespaceAnnotation) != kube::Namespace(object)) {
    return "";
  }
  return kube::Annotation(object, kHelmReleaseAnnotation).value_or("");
}

/// A rule that is refused is not programmed, whatever was said of it before.
Condition ProgrammedFromJson(const Json& object) {
  const std::int64_t generation = kube::Generation(object);
  const auto accepted = kube::GetCondition(object, "Accepted");
  const auto programmed = kube::GetCondition(object, "Programmed");
  const bool refused = accepted.has_value() && accepted->observed_generation == generation &&
                       accepted->status == kube::ConditionStatus::kFalse;
  const auto& chosen = refused ? accepted : programmed;
  if (!chosen.has_value() || chosen->observed_generation != generation) {
    return {};
  }
  const Truth truth = chosen->status == kube::ConditionStatus::kTrue    ? Truth::kTrue
                      : chosen->status == kube::ConditionStatus::kFalse ? Truth::kFalse
                                                                        : Truth::kUnknown;
  return {truth, chosen->reason, chosen->message, chosen->observed_generation};
}

}  // namespace

std::optional<ExposureRef> ExposureRefFromJson(const Json& object) {
  auto ns = Namespace::Parse(kube::StringAt(object, {"spec", "exposureRef", "namespace"}));
  auto name = ExposureName::Parse(kube::StringAt(object, {"spec", "exposureRef", "name"}));
  if (!ns.ok() || !name.ok()) {
    return std::nullopt;
  }
  return ExposureRef{
      .key = {*std::move(ns), *std::move(name)},
      .uid = kube::StringAt(object, {"spec", "exposureRef", "uid"}),
      .generation = kube::IntAt(object, {"spec", "exposureRef", "generation"}).value_or(0)};
}

Claim ClaimFromJson(const Json& object) {
  return {
      .name = kube::Name(object),
      .uid = pool::ClaimUid(object),
      .pool = kube::StringAt(object, {"spec", "poolRef", "name"}),
      .entry = kube::StringAt(object, {"spec", "entry"}),
      .protocol = pool::ParseProtocol(kube::StringAt(object, {"spec", "protocol"}))
                      .value_or(Protocol::kTcp),
      .port = static_cast<int>(kube::IntAt(object, {"spec", "port"}).value_or(0)),
      .state = StateFromText(kube::StringAt(object, {"spec", "state"})),
      .being_deleted = kube::IsBeingDeleted(object),
  };
}

Rule RuleFromJson(const Json& object) {
  return {
      .name = kube::Name(object),
      .claim_uid = kube::StringAt(object, {"spec", "claimUid"}),
      .target = {.ns = kube::StringAt(object, {"spec", "targetRef", "namespace"}),
                 .service = kube::StringAt(object, {"spec", "targetRef", "name"}),
                 .port = PortRefFromJson(kube::At(object, {"spec", "targetRef", "port"}))},
      .exposure_generation = kube::IntAt(object, {"spec", "exposureRef", "generation"}).value_or(0),
      .being_removed = kube::IsBeingDeleted(object),
      .programmed = ProgrammedFromJson(object)};
}

std::optional<Service> ServiceFromJson(const Json& object) {
  auto name = ServiceName::Parse(kube::Name(object));
  if (!name.ok()) {
    return std::nullopt;
  }
  Service service{.name = *std::move(name), .release = HelmReleaseOf(object)};
  for (const Json& port : kube::At(object, {"spec", "ports"})) {
    const std::string text = kube::StringAt(port, {"protocol"});
    const auto protocol = pool::ParseProtocol(text.empty() ? "TCP" : text);
    if (protocol.has_value()) {
      service.ports.push_back({.name = kube::StringAt(port, {"name"}),
                               .number = static_cast<int>(kube::IntAt(port, {"port"}).value_or(0)),
                               .protocol = *protocol});
    }
  }
  return service;
}

}  // namespace berth::gateway
