#include "helm-service/domain/helm_options.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "common/status/status.h"

namespace berth::helm {
namespace {

using Used = bool (*)(const Action&);

template <bool ApplyOptions::*kOption>
bool UsesApply(const Action& action) {
  const ApplyOptions* apply = ApplyOptionsOf(action);
  return apply != nullptr && apply->*kOption;
}

template <bool WriteOptions::*kOption>
bool UsesWrite(const Action& action) {
  const WriteOptions* write = WriteOptionsOf(action);
  return write != nullptr && write->*kOption;
}

bool UsesServerSideApply(const Action& action) {
  const WriteOptions* write = WriteOptionsOf(action);
  return write != nullptr && write->server_side_apply.has_value();
}

bool UsesLabels(const Action& action) {
  const ApplyOptions* apply = ApplyOptionsOf(action);
  return apply != nullptr && !apply->labels.empty();
}

bool UsesDescription(const Action& action) {
  const ApplyOptions* apply = ApplyOptionsOf(action);
  const auto* uninstall = std::get_if<Uninstall>(&action.what);
  return (apply != nullptr && !apply->description.value().empty()) ||
         (uninstall != nullptr && !uninstall->description.value().empty());
}

bool UsesHistoryLimit(const Action& action) {
  const auto* upgrade = std::get_if<Upgrade>(&action.what);
  const auto* rollback = std::get_if<Rollback>(&action.what);
  return (upgrade != nullptr && upgrade->history_limit.has_value()) ||
         (rollback != nullptr && rollback->history_limit.has_value());
}

template <ValuesPolicy kPolicy>
bool UsesPolicy(const Action& action) {
  const auto* upgrade = std::get_if<Upgrade>(&action.what);
  return upgrade != nullptr && upgrade->values_policy == kPolicy;
}

bool UsesKeepHistory(const Action& action) {
  const auto* uninstall = std::get_if<Uninstall>(&action.what);
  return uninstall != nullptr && uninstall->keep_history;
}

bool UsesCascade(const Action& action) {
  const auto* uninstall = std::get_if<Uninstall>(&action.what);
  return uninstall != nullptr && uninstall->cascade != Cascade::kBackground;
}

struct Option {
  std::string_view name;
  // The first version that knows it; unset: none of that major version does.
  std::optional<HelmVersion> helm3;
  std::optional<HelmVersion> helm4;
  Used used;
};

constexpr HelmVersion k3 = kOldestHelm3;
constexpr HelmVersion k4 = kOldestHelm4;

constexpr std::array kOptions = {
    Option{"wait_for_jobs", k3, k4, UsesWrite<&WriteOptions::wait_for_jobs>},
    Option{"force", k3, k4, UsesWrite<&WriteOptions::force>},
    Option{"server_side_apply", std::nullopt, k4, UsesServerSideApply},
    Option{"disable_hooks", k3, k4, UsesWrite<&WriteOptions::disable_hooks>},
    Option{"rollback_on_failure", k3, k4, UsesApply<&ApplyOptions::rollback_on_failure>},
    Option{"take_ownership", HelmVersion{3, 17, 0}, k4, UsesApply<&ApplyOptions::take_ownership>},
    Option{"skip_crds", k3, k4, UsesApply<&ApplyOptions::skip_crds>},
    Option{"disable_openapi_validation", k3, k4,
           UsesApply<&ApplyOptions::disable_openapi_validation>},
    Option{"skip_schema_validation", HelmVersion{3, 16, 0}, k4,
           UsesApply<&ApplyOptions::skip_schema_validation>},
    Option{"labels", k3, k4, UsesLabels},
    Option{"description", k3, k4, UsesDescription},
    Option{"history_limit", k3, k4, UsesHistoryLimit},
    Option{"values_policy=REUSE", k3, k4, UsesPolicy<ValuesPolicy::kReuse>},
    Option{"values_policy=RESET_THEN_REUSE", k3, k4, UsesPolicy<ValuesPolicy::kResetThenReuse>},
    Option{"keep_history", k3, k4, UsesKeepHistory},
    Option{"cascade", k3, k4, UsesCascade},
};

bool Knows(const HelmVersion& version, const Option& option) {
  const std::optional<HelmVersion>& first = version.major >= 4 ? option.helm4 : option.helm3;
  return first.has_value() && version >= *first;
}

// "Helm 3.17 or later".
std::string Needs(const Option& option) {
  const HelmVersion first = option.helm3.value_or(option.helm4.value_or(k4));
  return fmt::format("Helm {}.{} or later", first.major, first.minor);
}

}  // namespace

absl::Status CheckOptions(const Action& action, const HelmVersion& version) {
  for (const Option& option : kOptions) {
    if (!option.used(action) || Knows(version, option)) continue;
    return Error(absl::StatusCode::kUnimplemented, Reason::ERROR_REASON_OPTION_NOT_SUPPORTED,
                 fmt::format("{} needs {}; this is Helm {}", option.name, Needs(option),
                             version.ToString()))
        .WithMetadata("option", option.name)
        .WithMetadata("needs", Needs(option));
  }
  return absl::OkStatus();
}

}  // namespace berth::helm
