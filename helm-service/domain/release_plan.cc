#include "helm-service/domain/release_plan.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace berth::helm {
namespace {

constexpr std::string_view kForeground = "foreground";
constexpr std::string_view kOrphan = "orphan";

std::string_view WordOf(Cascade cascade) {
  switch (cascade) {
    case Cascade::kBackground:
      return "";
    case Cascade::kForeground:
      return kForeground;
    case Cascade::kOrphan:
      return kOrphan;
  }
  return {};
}

Cascade ParseCascade(std::string_view word) {
  if (word == kForeground) return Cascade::kForeground;
  if (word == kOrphan) return Cascade::kOrphan;
  return Cascade::kBackground;
}

}  // namespace

ReleasePlan ReleasePlan::Of(const Action& action, const std::optional<RevisionInfo>& before) {
  ReleasePlan plan{
      .revision_before = before.has_value() ? before->revision : 0,
      .was_installed = before.has_value() && before->status != ReleaseStatus::kUninstalled,
      .uninstall = std::nullopt,
      .test = IsTest(action),
      .wait = action.wait,
      .step_timeout = action.step_timeout};
  if (const auto* uninstall = std::get_if<Uninstall>(&action.what)) plan.uninstall = *uninstall;
  if (const ApplyOptions* apply = ApplyOptionsOf(action)) {
    plan.rollback_on_failure = apply->rollback_on_failure;
    plan.disable_hooks = apply->write.disable_hooks;
  }
  return plan;
}

ReleasePlan ReleasePlan::FromJson(const nlohmann::json& json) {
  ReleasePlan plan{.revision_before = json.value("revisionBefore", 0), .uninstall = std::nullopt};
  plan.was_installed = json.value("wasInstalled", plan.revision_before > 0);
  plan.test = json.value("test", false);
  plan.wait = json.value("wait", false);
  plan.rollback_on_failure = json.value("rollbackOnFailure", false);
  plan.disable_hooks = json.value("disableHooks", false);
  if (const int seconds = json.value("stepTimeoutSeconds", 0); seconds > 0) {
    plan.step_timeout = std::chrono::seconds(seconds);
  }
  if (json.value("uninstall", false)) {
    absl::StatusOr<Description> description = Description::Parse(json.value("description", ""));
    plan.uninstall = Uninstall{
        .allow_missing = true,
        .keep_history = json.value("keepHistory", false),
        .disable_hooks = plan.disable_hooks,
        .description = description.ok() ? *std::move(description) : Description(),
        .cascade = ParseCascade(json.value("cascade", "")),
    };
  }
  return plan;
}

nlohmann::json ReleasePlan::ToJson() const {
  nlohmann::json json = {{"revisionBefore", revision_before},
                         {"wasInstalled", was_installed},
                         {"uninstall", uninstall.has_value()},
                         {"test", test},
                         {"wait", wait},
                         {"rollbackOnFailure", rollback_on_failure},
                         {"disableHooks", disable_hooks}};
  if (step_timeout.has_value()) json["stepTimeoutSeconds"] = step_timeout->count();
  if (uninstall.has_value()) {
    json["disableHooks"] = uninstall->disable_hooks;
    json["keepHistory"] = uninstall->keep_history;
    json["cascade"] = WordOf(uninstall->cascade);
    json["description"] = uninstall->description.value();
  }
  return json;
}

}  // namespace berth::helm
