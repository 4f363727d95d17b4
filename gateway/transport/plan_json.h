#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "gateway/domain/deploy_steps.h"
#include "gateway/domain/expose_steps.h"
#include "gateway/domain/undeploy_steps.h"
#include "gateway/domain/unexpose_steps.h"

// Plans as they are recorded. They are small (a record holds 3 KiB), so ports are written as arrays
// of name, protocol, port of the Service, port asked for. Reading fails with INTERNAL on what no
// version wrote.
namespace berth::gateway {

nlohmann::json ToJson(const ExposePlan& plan);
absl::StatusOr<ExposePlan> ExposePlanFromJson(const nlohmann::json& json);

nlohmann::json ToJson(const UnexposePlan& plan);
absl::StatusOr<UnexposePlan> UnexposePlanFromJson(const nlohmann::json& json);

/// With `children`, the request_ids that may run under the operation's turn: `operation` is its
/// name.
nlohmann::json ToJson(const DeployPlan& plan, const std::string& operation);
absl::StatusOr<DeployPlan> DeployPlanFromJson(const nlohmann::json& json);

nlohmann::json ToJson(const UndeployPlan& plan, const std::string& operation);
absl::StatusOr<UndeployPlan> UndeployPlanFromJson(const nlohmann::json& json);

/// request_ids of Deploy's and Undeploy's children.
std::string UpgradeRequestId(const std::string& operation);
std::string BackRequestId(const std::string& operation, const DeployPlan::Back& back);
std::string UninstallRequestId(const std::string& operation, const UndeployPlan& plan);

}  // namespace berth::gateway
