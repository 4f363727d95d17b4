#include "helm-service/transport/request_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/values.h"
#include "helm-service/transport/chart_source_mapping.h"
#include "helm-service/transport/collect.h"
#include "helm-service/transport/options_mapping.h"
#include "helm-service/transport/values_mapping.h"

namespace berth::helm {
namespace {

std::optional<ReleaseKey> ReadKey(FieldViolations& violations, const std::string& ns,
                                  const std::string& name) {
  std::optional<NamespaceName> parsed_ns =
      Collect(violations, "namespace", NamespaceName::Parse(ns));
  std::optional<ReleaseName> parsed_name = Collect(violations, "name", ReleaseName::Parse(name));
  if (!parsed_ns.has_value() || !parsed_name.has_value()) return std::nullopt;
  return ReleaseKey{*std::move(parsed_ns), *std::move(parsed_name)};
}

int ReadExpectedRevision(FieldViolations& violations, std::int32_t revision) {
  if (revision < 0) violations.Add("expected_revision", "must not be negative");
  return revision;
}

std::optional<std::chrono::seconds> ReadApplyStepTimeout(FieldViolations& violations,
                                                         const v1::ApplyOptions& apply) {
  return ReadStepTimeout(violations, "apply.step_timeout",
                         apply.has_step_timeout() ? &apply.step_timeout() : nullptr);
}

}  // namespace

absl::StatusOr<Action> ToAction(const v1::InstallReleaseRequest& request) {
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, request.namespace_(), request.name());
  std::optional<Chart> chart = ToChart(request.chart(), violations);
  ASSIGN_OR_RETURN(nlohmann::json values, ToValues(request.values(), ValuesLimits{}, violations));
  ApplyOptions apply = ReadApplyOptions(violations, request.apply(), request.wait());
  if (apply.write.server_side_apply == ServerSideApply::kAuto) {
    violations.Add("apply.server_side_apply", "AUTO is for upgrades: there is no revision before");
  }
  const auto step_timeout = ReadApplyStepTimeout(violations, request.apply());
  RETURN_IF_ERROR(violations.ToStatus());
  return Action{.release = *std::move(key),
                .what = Install{.chart = *std::move(chart),
                                .values = std::move(values),
                                .create_namespace = request.create_namespace(),
                                .apply = std::move(apply)},
                .wait = request.wait(),
                .step_timeout = step_timeout};
}

absl::StatusOr<Action> ToAction(const v1::UpgradeReleaseRequest& request) {
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, request.namespace_(), request.name());
  std::optional<Chart> chart = ToChart(request.chart(), violations);
  ASSIGN_OR_RETURN(nlohmann::json values, ToValues(request.values(), ValuesLimits{}, violations));
  if (request.create_namespace() && !request.install()) {
    violations.Add("create_namespace", "only goes with `install`");
  }
  const int expected = ReadExpectedRevision(violations, request.expected_revision());
  ApplyOptions apply = ReadApplyOptions(violations, request.apply(), request.wait());
  const auto step_timeout = ReadApplyStepTimeout(violations, request.apply());
  const ValuesPolicy values_policy = ReadValuesPolicy(violations, request.values_policy());
  const std::optional<int> limit = ReadHistoryLimit(violations, request.history_limit());
  RETURN_IF_ERROR(violations.ToStatus());
  return Action{.release = *std::move(key),
                .what = Upgrade{.chart = *std::move(chart),
                                .values = std::move(values),
                                .install = request.install(),
                                .create_namespace = request.create_namespace(),
                                .apply = std::move(apply),
                                .values_policy = values_policy,
                                .history_limit = limit},
                .wait = request.wait(),
                .expected_revision = expected,
                .step_timeout = step_timeout};
}

absl::StatusOr<Action> ToAction(const v1::RollbackReleaseRequest& request) {
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, request.namespace_(), request.name());
  if (request.revision() < 1) violations.Add("revision", "must be 1 or more");
  const int expected = ReadExpectedRevision(violations, request.expected_revision());
  const WriteOptions write = ReadWriteOptions(violations, request);
  const std::optional<int> limit = ReadHistoryLimit(violations, request.history_limit());
  const auto step_timeout = ReadStepTimeout(
      violations, "step_timeout", request.has_step_timeout() ? &request.step_timeout() : nullptr);
  RETURN_IF_ERROR(violations.ToStatus());
  return Action{
      .release = *std::move(key),
      .what = Rollback{.revision = request.revision(), .write = write, .history_limit = limit},
      .wait = request.wait(),
      .expected_revision = expected,
      .step_timeout = step_timeout};
}

absl::StatusOr<Action> ToAction(const v1::UninstallReleaseRequest& request) {
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, request.namespace_(), request.name());
  const int expected = ReadExpectedRevision(violations, request.expected_revision());
  Uninstall uninstall = ReadUninstall(violations, request);
  const auto step_timeout = ReadStepTimeout(
      violations, "step_timeout", request.has_step_timeout() ? &request.step_timeout() : nullptr);
  RETURN_IF_ERROR(violations.ToStatus());
  return Action{.release = *std::move(key),
                .what = std::move(uninstall),
                .wait = request.wait(),
                .expected_revision = expected,
                .step_timeout = step_timeout};
}

absl::StatusOr<Action> ToAction(const v1::TestReleaseRequest& request) {
  constexpr int kMostTests = 32;
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, request.namespace_(), request.name());
  Test test;
  if (request.tests_size() > kMostTests) violations.Add("tests", "must be at most 32");
  for (int i = 0; i < std::min(request.tests_size(), kMostTests); ++i) {
    std::optional<ObjectName> name =
        Collect(violations, fmt::format("tests[{}]", i), ObjectName::Parse(request.tests(i)));
    if (name.has_value()) test.names.push_back(*std::move(name));
  }
  const int expected = ReadExpectedRevision(violations, request.expected_revision());
  const auto step_timeout = ReadStepTimeout(
      violations, "step_timeout", request.has_step_timeout() ? &request.step_timeout() : nullptr);
  RETURN_IF_ERROR(violations.ToStatus());
  return Action{.release = *std::move(key),
                .what = std::move(test),
                .expected_revision = expected,
                .step_timeout = step_timeout};
}

absl::StatusOr<Unlock> ToUnlock(const v1::UnlockReleaseRequest& request) {
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, request.namespace_(), request.name());
  if (request.expected_revision() < 1) violations.Add("expected_revision", "must be 1 or more");
  RETURN_IF_ERROR(violations.ToStatus());
  return Unlock{.release = *std::move(key), .expected_revision = request.expected_revision()};
}

absl::StatusOr<ReleaseKey> ToReleaseKey(const std::string& ns, const std::string& name) {
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, ns, name);
  RETURN_IF_ERROR(violations.ToStatus());
  return *std::move(key);
}

}  // namespace berth::helm
