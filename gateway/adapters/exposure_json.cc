#include "gateway/adapters/exposure_json.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::gateway {
namespace {

using kube::Json;

constexpr std::array<std::pair<ConditionType, std::string_view>, 7> kConditionTypes = {{
    {ConditionType::kResolved, "Resolved"},
    {ConditionType::kClaimed, "Claimed"},
    {ConditionType::kAccepted, "Accepted"},
    {ConditionType::kProgrammed, "Programmed"},
    {ConditionType::kReady, "Ready"},
    {ConditionType::kReconciling, "Reconciling"},
    {ConditionType::kStalled, "Stalled"},
}};
/// The schema's limit.
constexpr std::size_t kMaxMessage = 4096;

Truth FromKube(kube::ConditionStatus status) {
  switch (status) {
    case kube::ConditionStatus::kTrue:
      return Truth::kTrue;
    case kube::ConditionStatus::kFalse:
      return Truth::kFalse;
    case kube::ConditionStatus::kUnknown:
      break;
  }
  return Truth::kUnknown;
}

kube::ConditionStatus ToKube(Truth truth) {
  switch (truth) {
    case Truth::kTrue:
      return kube::ConditionStatus::kTrue;
    case Truth::kFalse:
      return kube::ConditionStatus::kFalse;
    case Truth::kUnknown:
      break;
  }
  return kube::ConditionStatus::kUnknown;
}

absl::StatusOr<Target> TargetFromJson(const Json& object) {
  std::string name = kube::StringAt(object, {"spec", "targetRef", "name"});
  if (kube::StringAt(object, {"spec", "targetRef", "kind"}) == "Release") {
    ASSIGN_OR_RETURN(ReleaseName release, ReleaseName::Parse(std::move(name)));
    return release;
  }
  ASSIGN_OR_RETURN(ServiceName service, ServiceName::Parse(std::move(name)));
  return service;
}

absl::StatusOr<ServicePortRef> TargetPortFromJson(const Json& port) {
  const Json& target = kube::At(port, {"targetPort"});
  if (target.is_number_integer()) {
    ASSIGN_OR_RETURN(Port number, Port::Parse(target.get<std::int64_t>()));
    return number;
  }
  if (target.is_string()) {
    ASSIGN_OR_RETURN(PortName name, PortName::Parse(target.get<std::string>()));
    return name;
  }
  return OnlyPort{};
}

absl::StatusOr<PortWish> PortFromJson(const Json& json) {
  ASSIGN_OR_RETURN(EntryName name, EntryName::Parse(kube::StringAt(json, {"name"})));
  ASSIGN_OR_RETURN(ServicePortRef target, TargetPortFromJson(json));
  PortWish wish{.name = std::move(name), .target_port = std::move(target)};
  if (const std::string protocol = kube::StringAt(json, {"protocol"}); !protocol.empty()) {
    wish.protocol = pool::ParseProtocol(protocol).value_or(Protocol::kTcp);
  }
  if (const auto port = kube::IntAt(json, {"port"}); port.has_value()) {
    ASSIGN_OR_RETURN(wish.port, Port::Parse(*port));
  }
  return wish;
}

absl::StatusOr<ExposureSpec> SpecFromJson(const Json& object) {
  FieldViolations violations;
  const absl::StatusOr<Target> target = TargetFromJson(object);
  violations.AddAll("spec.targetRef.name", target.status());
  const absl::StatusOr<PoolName> pool =
      PoolName::Parse(kube::StringAt(object, {"spec", "poolRef", "name"}));
  violations.AddAll("spec.poolRef.name", pool.status());
  std::vector<PortWish> ports;
  for (const Json& json : kube::At(object, {"spec", "ports"})) {
    absl::StatusOr<PortWish> port = PortFromJson(json);
    violations.AddAll("spec.ports", port.status());
    if (port.ok()) {
      ports.push_back(*std::move(port));
    }
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return ExposureSpec::Create(*target, *pool, std::move(ports));
}

Json PortToJson(const PortWish& wish) {
  Json json = {{"name", wish.name.str()}, {"protocol", pool::ToString(wish.protocol)}};
  if (const Port* number = std::get_if<Port>(&wish.target_port)) {
    json["targetPort"] = number->number();
  } else if (const PortName* name = std::get_if<PortName>(&wish.target_port)) {
    json["targetPort"] = name->str();
  }
  if (wish.port.has_value()) {
    json["port"] = wish.port->number();
  }
  return json;
}

std::optional<ExposedPort> ExposedPortFromJson(const Json& json) {
  auto name = EntryName::Parse(kube::StringAt(json, {"name"}));
  auto protocol = pool::ParseProtocol(kube::StringAt(json, {"protocol"}));
  auto port = Port::Parse(kube::IntAt(json, {"port"}).value_or(0));
  if (!name.ok() || !protocol.has_value() || !port.ok()) {
    return std::nullopt;
  }
  return ExposedPort{*std::move(name), *protocol, *port, kube::StringAt(json, {"claim"})};
}

ExposureStatus StatusFromJson(const Json& object) {
  ExposureStatus status;
  status.observed_generation = kube::IntAt(object, {"status", "observedGeneration"}).value_or(0);
  const auto since = kube::ParseTime(kube::StringAt(object, {"status", "readySince"}));
  if (since.ok()) {
    status.ready_since = std::chrono::floor<std::chrono::seconds>(*since);
  }
  status.service = kube::StringAt(object, {"status", "service"});
  for (const Json& json : kube::At(object, {"status", "addresses"})) {
    if (auto address = Address::FromJson(json); address.ok()) {
      status.addresses.push_back(*std::move(address));
    }
  }
  for (const Json& json : kube::At(object, {"status", "ports"})) {
    if (auto port = ExposedPortFromJson(json); port.has_value()) {
      status.ports.push_back(*std::move(port));
    }
  }
  for (const auto& [type, name] : kConditionTypes) {
    if (auto condition = kube::GetCondition(object, name); condition.has_value()) {
      status.conditions[type] = {FromKube(condition->status), std::move(condition->reason),
                                 std::move(condition->message), condition->observed_generation};
    }
  }
  return status;
}

/// Conditions that this version writes and that do not hold any more.
void DropConditions(const Conditions& wanted, Json& object) {
  Json& conditions = object["status"]["conditions"];
  if (!conditions.is_array()) {
    conditions = Json::array();
  }
  for (const auto& [type, name] : kConditionTypes) {
    if (!wanted.contains(type)) {
      const std::string_view dropped = name;
      conditions.erase(std::remove_if(conditions.begin(), conditions.end(),
                                      [&](const Json& condition) {
                                        return kube::StringAt(condition, {"type"}) == dropped;
                                      }),
                       conditions.end());
    }
  }
}

}  // namespace

absl::StatusOr<Exposure> ExposureFromJson(const Json& object) {
  auto ns = Namespace::Parse(kube::Namespace(object));
  auto name = ExposureName::Parse(kube::Name(object));
  if (!ns.ok() || !name.ok()) {
    return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                 fmt::format("an Exposure cannot be named {}", kube::NameOf(object).ToString()));
  }
  Exposure exposure{.key = {*std::move(ns), *std::move(name)},
                    .uid = kube::Uid(object),
                    .resource_version = kube::ResourceVersion(object),
                    .generation = kube::Generation(object),
                    .being_deleted = kube::IsBeingDeleted(object),
                    .has_finalizer = kube::HasFinalizer(object, kExposureFinalizer),
                    .created_by = kube::Annotation(object, kCreatedByAnnotation).value_or(""),
                    .deployed_release = kube::Label(object, kReleaseLabel).value_or(""),
                    .spec = SpecFromJson(object),
                    .status = StatusFromJson(object)};
  if (const auto created = kube::CreationTimestamp(object); created.has_value()) {
    exposure.create_time = std::chrono::floor<std::chrono::seconds>(*created);
  }
  return exposure;
}

Json NewExposureJson(const ExposureStore::NewExposure& exposure) {
  Json object = kube::NewObject(kube::kExposures, {exposure.key.ns.str(), exposure.key.name.str()});
  kube::AddFinalizer(object, kExposureFinalizer);
  kube::SetAnnotation(object, kCreatedByAnnotation, exposure.created_by);
  if (!exposure.deployed_release.empty()) {
    kube::SetLabel(object, kReleaseLabel, exposure.deployed_release);
  }
  PutSpec(exposure.spec, object);
  return object;
}

void PutSpec(const ExposureSpec& spec, Json& object) {
  const ReleaseName* release = std::get_if<ReleaseName>(&spec.target());
  Json& json = object["spec"];
  json["targetRef"]["kind"] = release != nullptr ? "Release" : "Service";
  json["targetRef"]["name"] =
      release != nullptr ? release->str() : std::get<ServiceName>(spec.target()).str();
  json["poolRef"]["name"] = spec.pool().value();
  json["ports"] = Json::array();
  for (const PortWish& wish : spec.ports()) {
    json["ports"].push_back(PortToJson(wish));
  }
}

void PutStatus(const ExposureStatus& status, kube::Time now, Json& object) {
  Json& json = object["status"];
  json["observedGeneration"] = status.observed_generation;
  if (status.ready_since.has_value()) {
    json["readySince"] = kube::FormatTime(*status.ready_since);
  }
  if (!status.service.empty()) {
    json["service"] = status.service;
  }
  json["addresses"] = Json::array();
  for (const Address& address : status.addresses) {
    json["addresses"].push_back(address.ToJson());
  }
  json["ports"] = Json::array();
  for (const ExposedPort& port : status.ports) {
    json["ports"].push_back({{"name", port.name.str()},
                             {"protocol", pool::ToString(port.protocol)},
                             {"port", port.port.number()},
                             {"claim", port.claim}});
  }
  DropConditions(status.conditions, object);
  for (const auto& [type, name] : kConditionTypes) {
    if (const auto found = status.conditions.find(type); found != status.conditions.end()) {
      const Condition& condition = found->second;
      kube::SetCondition(object,
                         {.type = std::string(name),
                          .status = ToKube(condition.status),
                          .reason = condition.reason,
                          .message = condition.message.substr(0, kMaxMessage),
                          .observed_generation = condition.observed_generation},
                         now);
    }
  }
}

}  // namespace berth::gateway
