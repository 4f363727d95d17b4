#include "helm-service/domain/helm_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace berth::helm {
namespace {

// Collects flags first and positional arguments behind "--".
class Arguments {
 public:
  explicit Arguments(std::string command) : flags_{std::move(command)} {}

  void Flag(std::string_view name, std::string_view value) {
    flags_.push_back(fmt::format("--{}={}", name, value));
  }
  void Switch(std::string_view name) { flags_.push_back(fmt::format("--{}", name)); }
  void SwitchIf(bool on, std::string_view name) {
    if (on) Switch(name);
  }
  void Positional(std::string value) { positionals_.push_back(std::move(value)); }

  std::vector<std::string> Take() && {
    flags_.emplace_back("--");
    for (std::string& positional : positionals_) flags_.push_back(std::move(positional));
    return std::move(flags_);
  }

 private:
  std::vector<std::string> flags_;
  std::vector<std::string> positionals_;
};

bool IsHelm4(const HelmVersion& version) { return version.major >= 4; }

std::string_view WordOf(ServerSideApply apply) {
  switch (apply) {
    case ServerSideApply::kEnabled:
      return "true";
    case ServerSideApply::kDisabled:
      return "false";
    case ServerSideApply::kAuto:
      return "auto";
  }
  return {};
}

std::string_view FlagOf(ValuesPolicy policy) {
  switch (policy) {
    case ValuesPolicy::kReset:
      // Without it Helm keeps the old values when the new ones are empty.
      return "reset-values";
    case ValuesPolicy::kReuse:
      return "reuse-values";
    case ValuesPolicy::kResetThenReuse:
      return "reset-then-reuse-values";
  }
  return {};
}

std::string_view WordOf(Cascade cascade) {
  switch (cascade) {
    case Cascade::kBackground:
      return "background";
    case Cascade::kForeground:
      return "foreground";
    case Cascade::kOrphan:
      return "orphan";
  }
  return {};
}

void AddWriteOptions(Arguments& arguments, const WriteOptions& write, const HelmVersion& version) {
  arguments.SwitchIf(write.wait_for_jobs, "wait-for-jobs");
  arguments.SwitchIf(write.disable_hooks, "no-hooks");
  if (write.force && IsHelm4(version)) {
    // Helm 4 refuses to replace objects by server-side apply, which is its default.
    arguments.Switch("force-replace");
    arguments.Flag("server-side", "false");
  } else if (write.force) {
    arguments.Switch("force");
  } else if (write.server_side_apply.has_value()) {
    arguments.Flag("server-side", WordOf(*write.server_side_apply));
  }
}

void AddApplyOptions(Arguments& arguments, const ApplyOptions& apply, const HelmVersion& version) {
  arguments.Flag("values", "-");
  arguments.SwitchIf(apply.rollback_on_failure,
                     IsHelm4(version) ? "rollback-on-failure" : "atomic");
  arguments.SwitchIf(apply.take_ownership, "take-ownership");
  arguments.SwitchIf(apply.skip_crds, "skip-crds");
  arguments.SwitchIf(apply.disable_openapi_validation, "disable-openapi-validation");
  arguments.SwitchIf(apply.skip_schema_validation, "skip-schema-validation");
  if (!apply.labels.empty()) arguments.Flag("labels", apply.labels.ToFlag());
  if (!apply.description.value().empty()) {
    arguments.Flag("description", apply.description.value());
  }
}

void AddHistoryLimit(Arguments& arguments, const std::optional<int>& limit) {
  if (limit.has_value()) arguments.Flag("history-max", std::to_string(*limit));
}

void AddOwn(Arguments& arguments, const Install& install, const std::string& archive_path) {
  arguments.SwitchIf(install.create_namespace, "create-namespace");
  arguments.Positional(archive_path);
}

void AddOwn(Arguments& arguments, const Upgrade& upgrade, const std::string& archive_path) {
  arguments.Switch(FlagOf(upgrade.values_policy));
  arguments.SwitchIf(upgrade.install, "install");
  arguments.SwitchIf(upgrade.create_namespace, "create-namespace");
  AddHistoryLimit(arguments, upgrade.history_limit);
  arguments.Positional(archive_path);
}

void AddOwn(Arguments& arguments, const Rollback& rollback, const std::string&) {
  AddHistoryLimit(arguments, rollback.history_limit);
  arguments.Positional(std::to_string(rollback.revision));
}

void AddOwn(Arguments& arguments, const Uninstall& uninstall, const std::string&) {
  arguments.SwitchIf(uninstall.keep_history, "keep-history");
  arguments.SwitchIf(uninstall.disable_hooks, "no-hooks");
  if (!uninstall.description.value().empty()) {
    arguments.Flag("description", uninstall.description.value());
  }
  if (uninstall.cascade != Cascade::kBackground) {
    arguments.Flag("cascade", WordOf(uninstall.cascade));
  }
}

void AddOwn(Arguments& arguments, const Test& test, const std::string&) {
  for (const ObjectName& name : test.names) arguments.Flag("filter", "name=" + name.value());
}

}  // namespace

std::vector<std::string> HelmArguments(const Action& action, const HelmVersion& version,
                                       std::chrono::seconds timeout,
                                       const std::string& archive_path) {
  constexpr std::string_view kCommands[] = {"install", "upgrade", "rollback", "uninstall", "test"};
  Arguments arguments{std::string(kCommands[action.what.index()])};
  arguments.Flag("namespace", action.release.ns.value());
  arguments.Flag("timeout", fmt::format("{}s", std::max<std::int64_t>(timeout.count(), 1)));
  // What Helm does is only told in its debug output.
  arguments.Switch("debug");
  // Helm 4 takes a strategy and reads a bare --wait as the same one.
  if (action.wait && IsHelm4(version)) arguments.Flag("wait", "watcher");
  if (action.wait && !IsHelm4(version)) arguments.Switch("wait");
  if (const WriteOptions* write = WriteOptionsOf(action)) {
    AddWriteOptions(arguments, *write, version);
  }
  if (const ApplyOptions* apply = ApplyOptionsOf(action)) {
    AddApplyOptions(arguments, *apply, version);
  }
  arguments.Positional(action.release.name.value());
  std::visit([&](const auto& what) { AddOwn(arguments, what, archive_path); }, action.what);
  return std::move(arguments).Take();
}

std::vector<std::string> DryRunArguments(const Action& action, const HelmVersion& version,
                                         std::chrono::seconds timeout,
                                         const std::string& archive_path) {
  std::vector<std::string> arguments = HelmArguments(action, version, timeout, archive_path);
  // Behind the command, where no text of a caller stands yet.
  arguments.insert(arguments.begin() + 1, {"--dry-run=server", "--output=json"});
  return arguments;
}

std::vector<std::string> TemplateArguments(const Rendering& rendering,
                                           const std::string& archive_path) {
  Arguments arguments("template");
  arguments.Flag("namespace", rendering.install.release.ns.value());
  arguments.Flag("values", "-");
  if (rendering.kube_version.has_value()) {
    arguments.Flag("kube-version", rendering.kube_version->value());
  }
  for (const ApiVersion& api : rendering.api_versions) {
    arguments.Flag("api-versions", api.value());
  }
  arguments.SwitchIf(rendering.include_crds, "include-crds");
  arguments.SwitchIf(rendering.skip_tests, "skip-tests");
  arguments.SwitchIf(rendering.is_upgrade, "is-upgrade");
  arguments.SwitchIf(rendering.disable_hooks, "no-hooks");
  arguments.SwitchIf(ApplyOptionsOf(rendering.install)->skip_schema_validation,
                     "skip-schema-validation");
  arguments.Positional(rendering.install.release.name.value());
  arguments.Positional(archive_path);
  return std::move(arguments).Take();
}

}  // namespace berth::helm
