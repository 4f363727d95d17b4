#pragma once

#include <nlohmann/json.hpp>

namespace berth::helm {

/// The values that a chart's templates see, by the rules of `helm get values --all`: tables are
/// merged, everything else of the user's replaces the chart's default, and a null of the user's
/// takes the default away. Both are objects; anything else counts as an empty one.
nlohmann::json ComputeValues(const nlohmann::json& defaults, nlohmann::json user);

}  // namespace berth::helm
