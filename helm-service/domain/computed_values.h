#pragma once

#include <set>
#include <string>

#include <nlohmann/json.hpp>

namespace berth::helm {

/// The values that a chart's templates see, by the rules of `helm get values --all`: tables are
/// merged, everything else of the user's replaces the chart's default, and a null of the user's
/// takes the default away. Both are objects; anything else counts as an empty one.
///
/// Nulls in the tables of `subcharts` stay, for the defaults they take away are still to come.
nlohmann::json ComputeValues(const nlohmann::json& defaults, nlohmann::json user,
                             const std::set<std::string>& subcharts = {});

/// Adds to a table below the top level what it lacks of `defaults`: there a null without a default
/// to take away stays, as Helm has it. Both are objects.
void AddDefaults(nlohmann::json& table, const nlohmann::json& defaults);

}  // namespace berth::helm
