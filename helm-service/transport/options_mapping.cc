#include "helm-service/transport/options_mapping.h"

#include <string>
#include <utility>

namespace berth::helm {
namespace {

using std::chrono::seconds;

template <typename T>
T ReadText(FieldViolations& violations, std::string_view field, absl::StatusOr<T> parsed) {
  if (parsed.ok()) return *std::move(parsed);
  violations.Add(field, std::string(parsed.status().message()));
  return T();
}

std::optional<ServerSideApply> ReadServerSideApply(FieldViolations& violations,
                                                   std::string_view field,
                                                   v1::ServerSideApply apply) {
  switch (apply) {
    case v1::SERVER_SIDE_APPLY_UNSPECIFIED:
      return std::nullopt;
    case v1::SERVER_SIDE_APPLY_ENABLED:
      return ServerSideApply::kEnabled;
    case v1::SERVER_SIDE_APPLY_DISABLED:
      return ServerSideApply::kDisabled;
    case v1::SERVER_SIDE_APPLY_AUTO:
      return ServerSideApply::kAuto;
    default:
      violations.Add(field, "is not a known value");
      return std::nullopt;
  }
}

Cascade ReadCascade(FieldViolations& violations, v1::Cascade cascade) {
  switch (cascade) {
    case v1::CASCADE_UNSPECIFIED:
    case v1::CASCADE_BACKGROUND:
      return Cascade::kBackground;
    case v1::CASCADE_FOREGROUND:
      return Cascade::kForeground;
    case v1::CASCADE_ORPHAN:
      return Cascade::kOrphan;
    default:
      violations.Add("cascade", "is not a known value");
      return Cascade::kBackground;
  }
}

void CheckForce(FieldViolations& violations, const std::string& prefix,
                const WriteOptions& options) {
  if (!options.force || !options.server_side_apply.has_value()) return;
  violations.Add(prefix + "force", "excludes `server_side_apply`");
}

}  // namespace

ApplyOptions ReadApplyOptions(FieldViolations& violations, const v1::ApplyOptions& options,
                              bool wait) {
  ApplyOptions apply{
      .write = {.wait_for_jobs = options.wait_for_jobs(),
                .force = options.force(),
                .server_side_apply = ReadServerSideApply(violations, "apply.server_side_apply",
                                                         options.server_side_apply()),
                .disable_hooks = options.disable_hooks()},
      .rollback_on_failure = options.rollback_on_failure(),
      .take_ownership = options.take_ownership(),
      .skip_crds = options.skip_crds(),
      .disable_openapi_validation = options.disable_openapi_validation(),
      .skip_schema_validation = options.skip_schema_validation(),
      .labels = ReadText(violations, "apply.labels",
                         ReleaseLabels::Parse({options.labels().begin(), options.labels().end()})),
      .description =
          ReadText(violations, "apply.description", Description::Parse(options.description()))};
  CheckForce(violations, "apply.", apply.write);
  if (apply.write.wait_for_jobs && !wait && !apply.rollback_on_failure) {
    violations.Add("apply.wait_for_jobs", "only goes with `wait` or `apply.rollback_on_failure`");
  }
  return apply;
}

ValuesPolicy ReadValuesPolicy(FieldViolations& violations, v1::ValuesPolicy policy) {
  switch (policy) {
    case v1::VALUES_POLICY_UNSPECIFIED:
    case v1::VALUES_POLICY_RESET:
      return ValuesPolicy::kReset;
    case v1::VALUES_POLICY_REUSE:
      return ValuesPolicy::kReuse;
    case v1::VALUES_POLICY_RESET_THEN_REUSE:
      return ValuesPolicy::kResetThenReuse;
    default:
      violations.Add("values_policy", "is not a known value");
      return ValuesPolicy::kReset;
  }
}

WriteOptions ReadWriteOptions(FieldViolations& violations,
                              const v1::RollbackReleaseRequest& request) {
  const WriteOptions options{.wait_for_jobs = request.wait_for_jobs(),
                             .force = request.force(),
                             .server_side_apply = ReadServerSideApply(
                                 violations, "server_side_apply", request.server_side_apply()),
                             .disable_hooks = request.disable_hooks()};
  CheckForce(violations, "", options);
  if (options.wait_for_jobs && !request.wait()) {
    violations.Add("wait_for_jobs", "only goes with `wait`");
  }
  return options;
}

Uninstall ReadUninstall(FieldViolations& violations, const v1::UninstallReleaseRequest& request) {
  if (!request.description().empty() && !request.keep_history()) {
    violations.Add("description", "only goes with `keep_history`");
  }
  return {
      .allow_missing = request.allow_missing(),
      .keep_history = request.keep_history(),
      .disable_hooks = request.disable_hooks(),
      .description = ReadText(violations, "description", Description::Parse(request.description())),
      .cascade = ReadCascade(violations, request.cascade())};
}

std::optional<int> ReadHistoryLimit(FieldViolations& violations, std::int32_t limit) {
  constexpr std::int32_t kMost = 1000;
  if (limit < 0 || limit > kMost) violations.Add("history_limit", "must be 1 to 1000, or unset");
  return limit == 0 ? std::nullopt : std::optional<int>(limit);
}

std::optional<seconds> ReadStepTimeout(FieldViolations& violations, std::string_view field,
                                       const google::protobuf::Duration* timeout) {
  if (timeout == nullptr) return std::nullopt;
  constexpr seconds kLongest = std::chrono::hours(24);
  const seconds whole(timeout->seconds());
  if (whole < seconds(1) || whole > kLongest) {
    violations.Add(field, "must be 1 s to 24 h");
    return std::nullopt;
  }
  return whole;
}

}  // namespace berth::helm
