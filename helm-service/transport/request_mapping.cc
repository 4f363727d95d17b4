#include "helm-service/transport/request_mapping.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/values.h"
#include "helm-service/transport/chart_source_mapping.h"
#include "helm-service/transport/values_mapping.h"

namespace berth::helm {
namespace {

// The value, or a violation of `field`.
template <typename T>
std::optional<T> Collect(FieldViolations& violations, std::string_view field,
                         absl::StatusOr<T> parsed) {
  if (parsed.ok()) return *std::move(parsed);
  violations.AddAll(field, parsed.status());
  return std::nullopt;
}

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

}  // namespace

absl::StatusOr<Action> ToAction(const v1::InstallReleaseRequest& request) {
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, request.namespace_(), request.name());
  std::optional<Chart> chart = ToChart(request.chart(), violations);
  ASSIGN_OR_RETURN(nlohmann::json values, ToValues(request.values(), ValuesLimits{}, violations));
  RETURN_IF_ERROR(violations.ToStatus());
  return Action{.release = *std::move(key),
                .what = Install{.chart = *std::move(chart),
                                .values = std::move(values),
                                .create_namespace = request.create_namespace()},
                .wait = request.wait()};
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
  RETURN_IF_ERROR(violations.ToStatus());
  return Action{.release = *std::move(key),
                .what = Upgrade{.chart = *std::move(chart),
                                .values = std::move(values),
                                .install = request.install(),
                                .create_namespace = request.create_namespace()},
                .wait = request.wait(),
                .expected_revision = expected};
}

absl::StatusOr<Action> ToAction(const v1::RollbackReleaseRequest& request) {
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, request.namespace_(), request.name());
  if (request.revision() < 1) violations.Add("revision", "must be 1 or more");
  const int expected = ReadExpectedRevision(violations, request.expected_revision());
  RETURN_IF_ERROR(violations.ToStatus());
  return Action{.release = *std::move(key),
                .what = Rollback{.revision = request.revision()},
                .wait = request.wait(),
                .expected_revision = expected};
}

absl::StatusOr<Action> ToAction(const v1::UninstallReleaseRequest& request) {
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, request.namespace_(), request.name());
  const int expected = ReadExpectedRevision(violations, request.expected_revision());
  RETURN_IF_ERROR(violations.ToStatus());
  return Action{.release = *std::move(key),
                .what = Uninstall{.allow_missing = request.allow_missing()},
                .wait = request.wait(),
                .expected_revision = expected};
}

absl::StatusOr<ReleaseKey> ToReleaseKey(const std::string& ns, const std::string& name) {
  FieldViolations violations;
  std::optional<ReleaseKey> key = ReadKey(violations, ns, name);
  RETURN_IF_ERROR(violations.ToStatus());
  return *std::move(key);
}

}  // namespace berth::helm
