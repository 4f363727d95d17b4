#pragma once

#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json.hpp>

#include "helm-service/domain/chart.h"
#include "helm-service/domain/names.h"

namespace berth::helm {

struct Install {
  Chart chart;
  /// Merged and checked.
  nlohmann::json values;
  bool create_namespace = false;
};

struct Upgrade {
  Chart chart;
  /// Merged and checked; they replace those of the revision before.
  nlohmann::json values;
  bool install = false;
  /// Goes with `install`.
  bool create_namespace = false;
};

struct Rollback {
  /// Revision to return to, from 1.
  int revision = 0;
};

struct Uninstall {
  bool allow_missing = false;
};

/// What a mutation asks of Helm, parsed and checked.
struct Action {
  ReleaseKey release;
  std::variant<Install, Upgrade, Rollback, Uninstall> what;
  /// Wait until the release's objects are ready, or gone.
  bool wait = false;
  /// Act only if this is the newest revision; 0 for any.
  int expected_revision = 0;
};

/// Whether the action renders a chart with values: install and upgrade.
bool ReadsChart(const Action& action);
bool IsUninstall(const Action& action);
/// The chart of an install or upgrade, or null.
Chart* ChartOf(Action& action);
/// The chart that is there as bytes, or null.
const ChartArchive* ArchiveOf(const Action& action);
/// The values of an install or upgrade, or null.
const nlohmann::json* ValuesOf(const Action& action);

}  // namespace berth::helm
