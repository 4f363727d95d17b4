#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace berth::helm {

/// A field that differs between two states of an object.
struct FieldChange {
  /// A JSON pointer, such as "/spec/replicas" or "/data/app.conf" ("~1" stands for '/', "~0" for
  /// '~'). An element of a list is its index, or "name=web" where every element has a name of its
  /// own: "/spec/template/spec/containers/name=web/image".
  std::string path;
  /// Nothing where the field is not there.
  std::optional<nlohmann::json> before;
  std::optional<nlohmann::json> after;
};

/// What differs between two states of an object, at most `limit` fields, as near to the leaves as
/// both sides go. Elements with names are matched by them, others by their place.
std::vector<FieldChange> CompareObjects(const nlohmann::json& before, const nlohmann::json& after,
                                        std::size_t limit);

}  // namespace berth::helm
