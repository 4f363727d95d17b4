#include "helm-service/domain/computed_values.h"

#include <utility>

namespace berth::helm {
namespace {

using Json = nlohmann::json;

// Below the top level a null without a default to take away stays, as Helm has it.
void MergeTable(const Json& defaults, Json& table) {
  for (const auto& [key, value] : defaults.items()) {
    const auto found = table.find(key);
    if (found == table.end()) {
      table[key] = value;
    } else if (found->is_null() && !value.is_null()) {
      table.erase(found);
    } else if (found->is_object() && value.is_object()) {
      MergeTable(value, *found);
    }
  }
}

}  // namespace

Json ComputeValues(const Json& defaults, Json user) {
  if (!user.is_object()) user = Json::object();
  if (!defaults.is_object()) return user;
  for (const auto& [key, value] : defaults.items()) {
    const auto found = user.find(key);
    if (found == user.end()) {
      user[key] = value;
    } else if (found->is_null()) {
      user.erase(found);
    } else if (found->is_object() && value.is_object()) {
      MergeTable(value, *found);
    }
  }
  return user;
}

}  // namespace berth::helm
