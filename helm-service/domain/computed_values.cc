#include "helm-service/domain/computed_values.h"

#include <cstdint>

namespace berth::helm {
namespace {

using Json = nlohmann::json;

enum class Nulls : std::uint8_t { kRemove, kKeep };

void MergeTable(Json& table, const Json& defaults, Nulls nulls) {
  for (const auto& [key, value] : defaults.items()) {
    const auto found = table.find(key);
    if (found == table.end()) {
      table[key] = value;
    } else if (found->is_null() && !value.is_null() && nulls == Nulls::kRemove) {
      table.erase(found);
    } else if (found->is_object() && value.is_object()) {
      MergeTable(*found, value, nulls);
    }
  }
}

}  // namespace

void AddDefaults(Json& table, const Json& defaults) { MergeTable(table, defaults, Nulls::kRemove); }

Json ComputeValues(const Json& defaults, Json user, const std::set<std::string>& subcharts) {
  if (!user.is_object()) user = Json::object();
  if (!defaults.is_object()) return user;
  for (const auto& [key, value] : defaults.items()) {
    const auto found = user.find(key);
    if (found == user.end()) {
      user[key] = value;
    } else if (found->is_null()) {
      user.erase(found);
    } else if (found->is_object() && value.is_object()) {
      MergeTable(*found, value, subcharts.contains(key) ? Nulls::kKeep : Nulls::kRemove);
    }
  }
  return user;
}

}  // namespace berth::helm
