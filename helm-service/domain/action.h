#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "helm-service/domain/chart.h"
#include "helm-service/domain/description.h"
#include "helm-service/domain/names.h"
#include "helm-service/domain/release_labels.h"

namespace berth::helm {

/// How Kubernetes objects are written, where a caller says so.
enum class ServerSideApply {
  kEnabled,
  kDisabled,
  /// As in the revision before; not for installs.
  kAuto,
};

/// What becomes of the values of the revision before.
enum class ValuesPolicy {
  kReset,
  /// The new ones are laid over them and the defaults of the chart before.
  kReuse,
  /// The new ones are laid over them and the new chart's defaults.
  kResetThenReuse,
};

/// What happens to the dependents of objects that are deleted.
enum class Cascade { kBackground, kForeground, kOrphan };

/// How objects are written: options of install, upgrade and rollback.
struct WriteOptions {
  /// Goes with waiting.
  bool wait_for_jobs = false;
  /// Replace what cannot be patched. Excludes `server_side_apply`.
  bool force = false;
  /// Unset: Helm's default.
  std::optional<ServerSideApply> server_side_apply;
  bool disable_hooks = false;
};

/// How a chart is applied: options of install and upgrade.
struct ApplyOptions {
  WriteOptions write;
  bool rollback_on_failure = false;
  bool take_ownership = false;
  bool skip_crds = false;
  bool disable_openapi_validation = false;
  bool skip_schema_validation = false;
  ReleaseLabels labels;
  Description description;
};

struct Install {
  Chart chart;
  /// Merged and checked.
  nlohmann::json values;
  bool create_namespace = false;
  ApplyOptions apply = {};
};

struct Upgrade {
  Chart chart;
  /// Merged and checked.
  nlohmann::json values;
  bool install = false;
  /// Goes with `install`.
  bool create_namespace = false;
  ApplyOptions apply = {};
  ValuesPolicy values_policy = ValuesPolicy::kReset;
  /// Unset: Helm's default.
  std::optional<int> history_limit = std::nullopt;
};

struct Rollback {
  /// Revision to return to, from 1.
  int revision = 0;
  WriteOptions write = {};
  /// Unset: Helm's default.
  std::optional<int> history_limit = std::nullopt;
};

struct Uninstall {
  bool allow_missing = false;
  bool keep_history = false;
  bool disable_hooks = false;
  /// Goes with `keep_history`.
  Description description = {};
  Cascade cascade = Cascade::kBackground;
};

struct Test {
  /// Those to run; empty for all.
  std::vector<ObjectName> names;
};

/// What a mutation asks of Helm, parsed and checked.
struct Action {
  ReleaseKey release;
  std::variant<Install, Upgrade, Rollback, Uninstall, Test> what;
  /// Wait until the release's objects are ready, or gone.
  bool wait = false;
  /// Act only if this is the newest revision; 0 for any.
  int expected_revision = 0;
  /// Bound on each step of Helm's; unset: none but the operation's own.
  std::optional<std::chrono::seconds> step_timeout = std::nullopt;
};

/// Whether the action renders a chart with values: install and upgrade.
bool ReadsChart(const Action& action);
bool IsUninstall(const Action& action);
bool IsTest(const Action& action);
/// The chart of an install or upgrade, or null.
Chart* ChartOf(Action& action);
/// The chart that is there as bytes, or null.
const ChartArchive* ArchiveOf(const Action& action);
/// The values of an install or upgrade, or null.
const nlohmann::json* ValuesOf(const Action& action);
/// The options of an install or upgrade, or null.
const ApplyOptions* ApplyOptionsOf(const Action& action);
/// The options of an install, upgrade or rollback, or null.
const WriteOptions* WriteOptionsOf(const Action& action);
/// Of an install or upgrade: the values that the chart's schemas are to hold for; nothing if they
/// are not known here, or are not to be checked.
std::optional<nlohmann::json> ValuesToCheck(const Action& action);

}  // namespace berth::helm
