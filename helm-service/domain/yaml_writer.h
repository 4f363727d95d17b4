#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace berth::helm {

/// Writes an object as YAML for people: keys sorted, texts of several lines as blocks, quotes only
/// where YAML needs them. Objects that are equal have the same text, and YAML 1.1 and 1.2 parsers
/// read it back as the same object. Ends with a line break.
std::string WriteYaml(const nlohmann::json& value);

}  // namespace berth::helm
