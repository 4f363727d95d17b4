#include "helm-service/domain/action.h"

namespace berth::helm {
namespace {

const Chart* ChartIn(const Action& action) {
  if (const auto* install = std::get_if<Install>(&action.what)) return &install->chart;
  if (const auto* upgrade = std::get_if<Upgrade>(&action.what)) return &upgrade->chart;
  return nullptr;
}

}  // namespace

bool ReadsChart(const Action& action) { return ChartIn(action) != nullptr; }

bool IsUninstall(const Action& action) { return std::holds_alternative<Uninstall>(action.what); }

bool IsTest(const Action& action) { return std::holds_alternative<Test>(action.what); }

Chart* ChartOf(Action& action) {
  if (auto* install = std::get_if<Install>(&action.what)) return &install->chart;
  if (auto* upgrade = std::get_if<Upgrade>(&action.what)) return &upgrade->chart;
  return nullptr;
}

const ChartArchive* ArchiveOf(const Action& action) {
  const Chart* chart = ChartIn(action);
  return chart == nullptr ? nullptr : std::get_if<ChartArchive>(chart);
}

const nlohmann::json* ValuesOf(const Action& action) {
  if (const auto* install = std::get_if<Install>(&action.what)) return &install->values;
  if (const auto* upgrade = std::get_if<Upgrade>(&action.what)) return &upgrade->values;
  return nullptr;
}

const ApplyOptions* ApplyOptionsOf(const Action& action) {
  if (const auto* install = std::get_if<Install>(&action.what)) return &install->apply;
  if (const auto* upgrade = std::get_if<Upgrade>(&action.what)) return &upgrade->apply;
  return nullptr;
}

const WriteOptions* WriteOptionsOf(const Action& action) {
  if (const ApplyOptions* apply = ApplyOptionsOf(action)) return &apply->write;
  if (const auto* rollback = std::get_if<Rollback>(&action.what)) return &rollback->write;
  return nullptr;
}

std::optional<nlohmann::json> ValuesToCheck(const Action& action) {
  const auto* upgrade = std::get_if<Upgrade>(&action.what);
  const bool reuses = upgrade != nullptr && upgrade->values_policy != ValuesPolicy::kReset;
  if (reuses || ApplyOptionsOf(action)->skip_schema_validation) return std::nullopt;
  return *ValuesOf(action);
}

}  // namespace berth::helm
