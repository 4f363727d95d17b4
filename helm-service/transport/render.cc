#include "helm-service/transport/render.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/operation/clipped_text.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/transport/collect.h"
#include "helm-service/transport/request_mapping.h"

namespace berth::helm {
namespace {

constexpr int kMostApiVersions = 200;
constexpr std::size_t kLongestValue = std::size_t{16} << 10;
constexpr std::size_t kLargestResponse = ChartRenderer::kMostBytes;

// The fields of an error below `prefix`, but those of the release itself.
absl::Status Below(std::string_view prefix, const absl::Status& status) {
  if (ReasonOf(status) != Reason::ERROR_REASON_INVALID_FIELD) return status;
  FieldViolations violations;
  for (const FieldViolation& violation : FieldViolationsOf(status)) {
    const bool of_release = violation.field == "namespace" || violation.field == "name";
    violations.Add(of_release ? violation.field : std::string(prefix) + "." + violation.field,
                   violation.description);
  }
  return violations.ToStatus();
}

absl::StatusOr<Rendering> ToRendering(const v1::RenderChartRequest& request) {
  v1::InstallReleaseRequest install;
  install.set_namespace_(request.namespace_());
  install.set_name(request.name());
  *install.mutable_chart() = request.chart();
  *install.mutable_values() = request.values();
  install.mutable_apply()->set_skip_schema_validation(request.skip_schema_validation());
  absl::StatusOr<Action> action = ToAction(install);
  FieldViolations violations;
  if (!action.ok() && ReasonOf(action.status()) != Reason::ERROR_REASON_INVALID_FIELD) {
    return action.status();
  }
  for (const FieldViolation& violation : FieldViolationsOf(action.status())) {
    violations.Add(violation.field, violation.description);
  }
  std::optional<KubeVersion> kube_version;
  if (!request.kube_version().empty()) {
    kube_version = Collect(violations, "kube_version", KubeVersion::Parse(request.kube_version()));
  }
  std::vector<ApiVersion> api_versions;
  if (request.api_versions_size() > kMostApiVersions) {
    violations.Add("api_versions", "must be at most 200");
  }
  for (int i = 0; i < std::min(request.api_versions_size(), kMostApiVersions); ++i) {
    std::optional<ApiVersion> parsed =
        Collect(violations, "api_versions[" + std::to_string(i) + "]",
                ApiVersion::Parse(request.api_versions(i)));
    if (parsed.has_value()) api_versions.push_back(*std::move(parsed));
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return Rendering{.install = *std::move(action),
                   .kube_version = std::move(kube_version),
                   .api_versions = std::move(api_versions),
                   .include_crds = request.include_crds(),
                   .disable_hooks = request.disable_hooks(),
                   .skip_tests = request.skip_tests(),
                   .is_upgrade = request.is_upgrade()};
}

// An upgrade to the proposal, or an install if there is no release.
absl::StatusOr<Action> ToUpgrade(const std::string& ns, const std::string& name,
                                 const v1::Proposal& proposal) {
  v1::UpgradeReleaseRequest upgrade;
  upgrade.set_namespace_(ns);
  upgrade.set_name(name);
  *upgrade.mutable_chart() = proposal.chart();
  *upgrade.mutable_values() = proposal.values();
  *upgrade.mutable_apply() = proposal.apply();
  upgrade.set_values_policy(proposal.values_policy());
  upgrade.set_install(true);
  absl::StatusOr<Action> action = ToAction(upgrade);
  if (!action.ok()) return Below("proposal", action.status());
  return action;
}

template <typename Response>
absl::StatusOr<Response> Bounded(Response response) {
  if (response.ByteSizeLong() <= kLargestResponse) return response;
  return Error(absl::StatusCode::kResourceExhausted, Reason::ERROR_REASON_RESULT_TOO_LARGE,
               "the answer would be too large")
      .WithMetadata("limit_bytes", std::to_string(kLargestResponse));
}

v1::RenderedObject ToProto(ManifestObject object) {
  v1::RenderedObject proto;
  proto.set_source(std::move(object.source));
  proto.set_api_version(std::move(object.api_version));
  proto.set_kind(std::move(object.kind));
  proto.set_namespace_(std::move(object.ns));
  proto.set_name(std::move(object.name));
  for (std::string& event : object.hook_events) proto.add_hook_events(std::move(event));
  proto.set_yaml(std::move(object.text));
  return proto;
}

std::string ToText(const nlohmann::json& value) {
  return operation::ClippedText(
      value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace), kLongestValue);
}

v1::FieldChange ToProto(const FieldChange& change) {
  v1::FieldChange proto;
  proto.set_path(operation::ClippedText(change.path, kLongestValue));
  if (change.before.has_value()) proto.set_before(ToText(*change.before));
  if (change.after.has_value()) proto.set_after(ToText(*change.after));
  return proto;
}

v1::ObjectChange::Type ToProto(ObjectChange::Kind kind) {
  switch (kind) {
    case ObjectChange::Kind::kAdded:
      return v1::ObjectChange::TYPE_ADDED;
    case ObjectChange::Kind::kRemoved:
      return v1::ObjectChange::TYPE_REMOVED;
    case ObjectChange::Kind::kChanged:
      return v1::ObjectChange::TYPE_CHANGED;
    case ObjectChange::Kind::kUnchanged:
      return v1::ObjectChange::TYPE_UNCHANGED;
  }
  return v1::ObjectChange::TYPE_UNSPECIFIED;
}

v1::ObjectChange ToProto(ObjectChange change) {
  v1::ObjectChange proto;
  proto.set_type(ToProto(change.kind));
  *proto.mutable_object() = ToProto(std::move(change.object));
  for (const FieldChange& field : change.fields) *proto.add_fields() = ToProto(field);
  proto.set_more_fields(change.more_fields);
  proto.set_unified(std::move(change.text));
  return proto;
}

// Takes a comparison as the request wants it.
absl::StatusOr<ReleaseDiff> Compare(const ReleasePreview& preview, SecretValues secrets,
                                    const v1::DiffReleaseRequest& request) {
  if (request.has_proposal()) {
    ASSIGN_OR_RETURN(Action action,
                     ToUpgrade(request.namespace_(), request.name(), request.proposal()));
    return preview.CompareProposal(std::move(action), request.from_revision(), secrets);
  }
  ASSIGN_OR_RETURN(const ReleaseKey key, ToReleaseKey(request.namespace_(), request.name()));
  return preview.CompareRevisions(key, request.from_revision(), request.to_revision(), secrets);
}

}  // namespace

absl::StatusOr<v1::RenderChartResponse> RenderChart(const ReleasePreview& preview,
                                                    const SecretPolicy& policy,
                                                    const v1::RenderChartRequest& request) {
  ASSIGN_OR_RETURN(Rendering rendering, ToRendering(request));
  ASSIGN_OR_RETURN(const SecretValues secrets, policy.Decide(request.show_secrets()));
  ASSIGN_OR_RETURN(Preview rendered, preview.Render(std::move(rendering), secrets));
  v1::RenderChartResponse response;
  for (ManifestObject& object : rendered.objects) {
    *response.add_objects() = ToProto(std::move(object));
  }
  for (std::string& message : rendered.messages) response.add_messages(std::move(message));
  return Bounded(std::move(response));
}

absl::StatusOr<v1::PreviewReleaseResponse> PreviewRelease(
    const ReleasePreview& preview, const SecretPolicy& policy,
    const v1::PreviewReleaseRequest& request) {
  ASSIGN_OR_RETURN(Action action,
                   ToUpgrade(request.namespace_(), request.name(), request.proposal()));
  ASSIGN_OR_RETURN(const SecretValues secrets, policy.Decide(request.show_secrets()));
  ASSIGN_OR_RETURN(Preview rendered, preview.DryRun(std::move(action), secrets));
  v1::PreviewReleaseResponse response;
  response.set_revision(rendered.revision);
  for (ManifestObject& object : rendered.objects) {
    *response.add_objects() = ToProto(std::move(object));
  }
  response.set_notes(std::move(rendered.notes));
  for (std::string& message : rendered.messages) response.add_messages(std::move(message));
  return Bounded(std::move(response));
}

absl::StatusOr<v1::DiffReleaseResponse> DiffRelease(const ReleasePreview& preview,
                                                    const SecretPolicy& policy,
                                                    const v1::DiffReleaseRequest& request) {
  FieldViolations violations;
  if (request.from_revision() < 0) violations.Add("from_revision", "must not be negative");
  if (request.to_revision() < 0) violations.Add("to_revision", "must not be negative");
  RETURN_IF_ERROR(violations.ToStatus());
  ASSIGN_OR_RETURN(const SecretValues secrets, policy.Decide(request.show_secrets()));
  ASSIGN_OR_RETURN(ReleaseDiff diff, Compare(preview, secrets, request));
  v1::DiffReleaseResponse response;
  response.set_from_revision(diff.from_revision);
  response.set_to_revision(diff.to_revision);
  for (ObjectChange& change : diff.changes) *response.add_objects() = ToProto(std::move(change));
  for (std::string& message : diff.messages) response.add_messages(std::move(message));
  return Bounded(std::move(response));
}

}  // namespace berth::helm
