#include "gateway/transport/plan_json.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "gateway/domain/child.h"

namespace berth::gateway {
namespace {

using Json = nlohmann::json;

absl::Status Unreadable(const std::string& what) {
  return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
               fmt::format("the recorded plan has no readable {}", what));
}

absl::StatusOr<std::string> StringIn(const Json& json, const std::string& key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) {
    return Unreadable(key);
  }
  return found->get<std::string>();
}

absl::StatusOr<std::int64_t> IntIn(const Json& json, const std::string& key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_integer()) {
    return Unreadable(key);
  }
  return found->get<std::int64_t>();
}

/// A name of any kind: its Parse speaks of requests, which this is none of.
template <typename N>
absl::StatusOr<N> NameIn(const Json& json, const std::string& key) {
  ASSIGN_OR_RETURN(std::string text, StringIn(json, key));
  absl::StatusOr<N> name = N::Parse(std::move(text));
  return name.ok() ? std::move(name) : Unreadable(key);
}

Json PortToJson(const PortWish& wish) {
  Json target = nullptr;
  if (const Port* port = std::get_if<Port>(&wish.target_port)) {
    target = port->number();
  } else if (const PortName* name = std::get_if<PortName>(&wish.target_port)) {
    target = name->str();
  }
  return Json::array({wish.name.str(), std::string(pool::ToString(wish.protocol)), target,
                      wish.port.has_value() ? Json(wish.port->number()) : Json(nullptr)});
}

absl::StatusOr<PortWish> PortFromJson(const Json& json) {
  if (!json.is_array() || json.size() != 4 || !json[0].is_string() || !json[1].is_string()) {
    return Unreadable("port");
  }
  const auto name = EntryName::Parse(json[0].get<std::string>());
  const auto protocol = pool::ParseProtocol(json[1].get<std::string>());
  if (!name.ok() || !protocol.has_value()) {
    return Unreadable("port");
  }
  PortWish wish{.name = *name, .target_port = OnlyPort{}, .protocol = *protocol};
  if (json[2].is_number_integer()) {
    ASSIGN_OR_RETURN(wish.target_port, Port::Parse(json[2].get<std::int64_t>()));
  } else if (json[2].is_string()) {
    ASSIGN_OR_RETURN(wish.target_port, PortName::Parse(json[2].get<std::string>()));
  }
  if (json[3].is_number_integer()) {
    ASSIGN_OR_RETURN(wish.port, Port::Parse(json[3].get<std::int64_t>()));
  }
  return wish;
}

Json SpecToJson(const ExposureSpec& spec) {
  Json ports = Json::array();
  for (const PortWish& wish : spec.ports()) {
    ports.push_back(PortToJson(wish));
  }
  Json json = {{"pool", spec.pool().value()}, {"ports", std::move(ports)}};
  if (const ReleaseName* release = std::get_if<ReleaseName>(&spec.target())) {
    json["release"] = release->str();
  } else {
    json["service"] = std::get<ServiceName>(spec.target()).str();
  }
  return json;
}

absl::StatusOr<Target> TargetFromJson(const Json& json) {
  if (json.contains("release")) {
    ASSIGN_OR_RETURN(ReleaseName release, NameIn<ReleaseName>(json, "release"));
    return release;
  }
  ASSIGN_OR_RETURN(ServiceName service, NameIn<ServiceName>(json, "service"));
  return service;
}

absl::StatusOr<ExposureSpec> SpecIn(const Json& json, const std::string& key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_object() || !found->contains("ports") ||
      !found->at("ports").is_array()) {
    return Unreadable(key);
  }
  ASSIGN_OR_RETURN(Target target, TargetFromJson(*found));
  ASSIGN_OR_RETURN(PoolName pool, NameIn<PoolName>(*found, "pool"));
  std::vector<PortWish> ports;
  for (const Json& port : found->at("ports")) {
    ASSIGN_OR_RETURN(PortWish wish, PortFromJson(port));
    ports.push_back(std::move(wish));
  }
  return ExposureSpec::Create(std::move(target), std::move(pool), std::move(ports));
}

Json KeyToJson(const ExposureKey& key) {
  return {{"namespace", key.ns.str()}, {"name", key.name.str()}};
}

absl::StatusOr<ExposureKey> KeyFromJson(const Json& json) {
  ASSIGN_OR_RETURN(Namespace ns, NameIn<Namespace>(json, "namespace"));
  ASSIGN_OR_RETURN(ExposureName name, NameIn<ExposureName>(json, "name"));
  return ExposureKey{std::move(ns), std::move(name)};
}

absl::StatusOr<std::optional<ExposePlan::Former>> FormerIn(const Json& json) {
  const auto found = json.find("former");
  if (found == json.end()) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(std::string uid, StringIn(*found, "uid"));
  ASSIGN_OR_RETURN(const std::int64_t generation, IntIn(*found, "generation"));
  ASSIGN_OR_RETURN(ExposureSpec spec, SpecIn(*found, "spec"));
  return ExposePlan::Former{std::move(uid), generation, std::move(spec)};
}

absl::StatusOr<std::optional<DeployPlan::Back>> BackIn(const Json& json) {
  const auto found = json.find("back");
  if (found == json.end()) {
    return std::nullopt;
  }
  ASSIGN_OR_RETURN(const std::string way, StringIn(*found, "way"));
  ASSIGN_OR_RETURN(const std::int64_t attempt, IntIn(*found, "attempt"));
  ASSIGN_OR_RETURN(const std::int64_t expected, IntIn(*found, "expectedRevision"));
  return DeployPlan::Back{.way = way == "rollback" ? DeployPlan::Back::Way::kRollback
                                                   : DeployPlan::Back::Way::kUninstall,
                          .attempt = static_cast<int>(attempt),
                          .expected_revision = static_cast<int>(expected)};
}

}  // namespace

Json ToJson(const ExposePlan& plan) {
  Json json = KeyToJson(plan.key);
  json["spec"] = SpecToJson(plan.spec);
  json["uid"] = plan.uid;
  json["generation"] = plan.generation;
  if (plan.release.has_value()) {
    json["release"] = plan.release->str();
  }
  if (plan.former.has_value()) {
    json["former"] = {{"uid", plan.former->uid},
                      {"generation", plan.former->generation},
                      {"spec", SpecToJson(plan.former->spec)}};
  }
  return json;
}

absl::StatusOr<ExposePlan> ExposePlanFromJson(const Json& json) {
  ASSIGN_OR_RETURN(ExposureKey key, KeyFromJson(json));
  ASSIGN_OR_RETURN(ExposureSpec spec, SpecIn(json, "spec"));
  ExposePlan plan{.key = std::move(key), .spec = std::move(spec)};
  ASSIGN_OR_RETURN(plan.uid, StringIn(json, "uid"));
  ASSIGN_OR_RETURN(plan.generation, IntIn(json, "generation"));
  ASSIGN_OR_RETURN(plan.former, FormerIn(json));
  if (json.contains("release")) {
    ASSIGN_OR_RETURN(plan.release, NameIn<ReleaseName>(json, "release"));
  }
  return plan;
}

Json ToJson(const UnexposePlan& plan) {
  Json json = KeyToJson(plan.key);
  json["uid"] = plan.uid;
  return json;
}

absl::StatusOr<UnexposePlan> UnexposePlanFromJson(const Json& json) {
  ASSIGN_OR_RETURN(ExposureKey key, KeyFromJson(json));
  ASSIGN_OR_RETURN(std::string uid, StringIn(json, "uid"));
  return UnexposePlan{std::move(key), std::move(uid)};
}

Json ToJson(const DeployPlan& plan, const std::string& operation) {
  Json json = {{"release", plan.release.str()},
               {"revisionBefore", plan.revision_before},
               {"revisionMade", plan.revision_made},
               {"exposure", ToJson(plan.exposure)},
               {"children", Json::array({UpgradeRequestId(operation)})}};
  if (plan.back.has_value()) {
    const bool rollback = plan.back->way == DeployPlan::Back::Way::kRollback;
    json["back"] = {{"way", rollback ? "rollback" : "uninstall"},
                    {"attempt", plan.back->attempt},
                    {"expectedRevision", plan.back->expected_revision}};
    json["children"].push_back(BackRequestId(operation, *plan.back));
  }
  return json;
}

absl::StatusOr<DeployPlan> DeployPlanFromJson(const Json& json) {
  ASSIGN_OR_RETURN(ReleaseName release, NameIn<ReleaseName>(json, "release"));
  ASSIGN_OR_RETURN(const std::int64_t before, IntIn(json, "revisionBefore"));
  ASSIGN_OR_RETURN(const std::int64_t made, IntIn(json, "revisionMade"));
  if (!json.contains("exposure")) {
    return Unreadable("exposure");
  }
  ASSIGN_OR_RETURN(ExposePlan exposure, ExposePlanFromJson(json.at("exposure")));
  DeployPlan plan{.release = std::move(release),
                  .revision_before = static_cast<int>(before),
                  .revision_made = static_cast<int>(made),
                  .exposure = std::move(exposure)};
  ASSIGN_OR_RETURN(plan.back, BackIn(json));
  return plan;
}

Json ToJson(const UndeployPlan& plan, const std::string& operation) {
  return {{"namespace", plan.ns.str()},
          {"release", plan.release.str()},
          {"attempt", plan.attempt},
          {"removed", plan.removed},
          {"children", Json::array({UninstallRequestId(operation, plan)})}};
}

absl::StatusOr<UndeployPlan> UndeployPlanFromJson(const Json& json) {
  ASSIGN_OR_RETURN(Namespace ns, NameIn<Namespace>(json, "namespace"));
  ASSIGN_OR_RETURN(ReleaseName release, NameIn<ReleaseName>(json, "release"));
  ASSIGN_OR_RETURN(const std::int64_t attempt, IntIn(json, "attempt"));
  UndeployPlan plan{std::move(ns), std::move(release), static_cast<int>(attempt), {}};
  for (const Json& name : json.value("removed", Json::array())) {
    if (name.is_string()) {
      plan.removed.push_back(name.get<std::string>());
    }
  }
  return plan;
}

std::string UpgradeRequestId(const std::string& operation) {
  return ChildRequestId(operation, "upgrade", 1);
}

std::string BackRequestId(const std::string& operation, const DeployPlan::Back& back) {
  return ChildRequestId(operation, "back", back.attempt);
}

std::string UninstallRequestId(const std::string& operation, const UndeployPlan& plan) {
  return ChildRequestId(operation, "uninstall", plan.attempt);
}

}  // namespace berth::gateway
