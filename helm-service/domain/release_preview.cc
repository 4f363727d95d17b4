#include "helm-service/domain/release_preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/action_secrets.h"
#include "helm-service/domain/failure.h"
#include "helm-service/domain/slot_wait.h"

namespace berth::helm {
namespace {

using absl::StatusCode;

// The objects of what was rendered or stored, within what an answer may hold.
absl::StatusOr<std::vector<ManifestObject>> ObjectsOf(const ReleaseContent& content) {
  const ManifestLimits limits{.bytes = ChartRenderer::kMostBytes};
  absl::StatusOr<std::vector<ManifestObject>> objects = RenderedObjects(content, limits);
  if (objects.ok()) return objects;
  return Error(StatusCode::kResourceExhausted, Reason::ERROR_REASON_RESULT_TOO_LARGE,
               std::string(objects.status().message()))
      .WithMetadata("limit_bytes", std::to_string(limits.bytes));
}

absl::Status NoRelease(const ReleaseKey& key) {
  return Error(StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND,
               fmt::format("release {}/{} does not exist", key.ns.value(), key.name.value()));
}

// The revision that a request means by 0: the deployed one, or the newest; 0 if there is none.
int Base(const std::vector<RevisionInfo>& revisions) {
  int newest = 0;
  int deployed = 0;
  for (const RevisionInfo& info : revisions) {
    newest = std::max(newest, info.revision);
    if (info.status == ReleaseStatus::kDeployed) deployed = std::max(deployed, info.revision);
  }
  return deployed != 0 ? deployed : newest;
}

std::string LabelOf(int revision) {
  return revision == 0 ? "nothing" : fmt::format("revision {}", revision);
}

DiffOptions DiffOptionsFor(const ReleaseKey& key, DiffLabels labels, SecretValues secrets) {
  return {.release_namespace = key.ns.value(), .labels = std::move(labels), .secrets = secrets};
}

}  // namespace

absl::Status ReleasePreview::FetchChart(Action& action) const {
  Chart& chart = *ChartOf(action);
  ASSIGN_OR_RETURN(chart, dependencies_.charts.Prepare(
                              {.chart = std::move(chart),
                               .values = ValuesToCheck(action),
                               .deadline = std::chrono::steady_clock::now() + options_.time_limit},
                              std::stop_token()));
  return absl::OkStatus();
}

// Runs Helm in its turn, and turns what it did into an outcome that can be shown, or an error.
template <typename Run>
absl::StatusOr<RenderOutcome> ReleasePreview::RunHelm(const Action& action, Run run) const {
  ASSIGN_OR_RETURN(const std::unique_ptr<ProcessSlots::Ticket> ticket,
                   WaitForSlot(dependencies_.slots, action.release.ns.value(), options_.patience));
  ASSIGN_OR_RETURN(const std::shared_ptr<Redactor> redactor,
                   MakeRedactor(action, dependencies_.reader));
  ASSIGN_OR_RETURN(RenderOutcome outcome, run());
  for (std::string& message : outcome.messages) message = redactor->Redact(message);
  if (outcome.exit.code == 0) return outcome;
  return ExplainFailure(action, {.exit = outcome.exit, .error_lines = outcome.messages});
}

absl::StatusOr<Preview> ReleasePreview::Render(Rendering rendering, SecretValues secrets) const {
  RETURN_IF_ERROR(FetchChart(rendering.install));
  ASSIGN_OR_RETURN(RenderOutcome outcome, RunHelm(rendering.install, [&] {
                     return dependencies_.helm.Render(rendering, options_.time_limit);
                   }));
  ASSIGN_OR_RETURN(std::vector<ManifestObject> objects, ObjectsOf(outcome.content));
  if (secrets == SecretValues::kMasked) MaskObjects(objects);
  return Preview{.objects = std::move(objects), .messages = std::move(outcome.messages)};
}

absl::StatusOr<Preview> ReleasePreview::DryRun(Action action, SecretValues secrets) const {
  RETURN_IF_ERROR(FetchChart(action));
  ASSIGN_OR_RETURN(RenderOutcome outcome, RunHelm(action, [&] {
                     return dependencies_.helm.DryRun(action, options_.time_limit);
                   }));
  ASSIGN_OR_RETURN(std::vector<ManifestObject> objects, ObjectsOf(outcome.content));
  if (secrets == SecretValues::kMasked) MaskObjects(objects);
  return Preview{.objects = std::move(objects),
                 .notes = std::move(outcome.notes),
                 .revision = outcome.revision,
                 .messages = std::move(outcome.messages)};
}

absl::StatusOr<std::vector<ManifestObject>> ReleasePreview::ReadRevision(const ReleaseKey& key,
                                                                         int revision) const {
  if (revision == 0) return std::vector<ManifestObject>();
  ASSIGN_OR_RETURN(const ReleaseContent content, dependencies_.releases.ReadContent(key, revision));
  return ObjectsOf(content);
}

absl::StatusOr<ReleaseDiff> ReleasePreview::CompareRevisions(const ReleaseKey& key, int from,
                                                             int to, SecretValues secrets) const {
  if (from == 0 || to == 0) {
    ASSIGN_OR_RETURN(const std::vector<RevisionInfo> revisions,
                     dependencies_.releases.Revisions(key));
    if (revisions.empty()) return NoRelease(key);
    if (from == 0) from = Base(revisions);
    if (to == 0) to = NewestOf(revisions)->revision;
  }
  ASSIGN_OR_RETURN(const std::vector<ManifestObject> before, ReadRevision(key, from));
  ASSIGN_OR_RETURN(const std::vector<ManifestObject> after, ReadRevision(key, to));
  return ReleaseDiff{
      .from_revision = from,
      .to_revision = to,
      .changes = CompareRenderings(before, after,
                                   DiffOptionsFor(key, {LabelOf(from), LabelOf(to)}, secrets))};
}

absl::StatusOr<ReleaseDiff> ReleasePreview::CompareProposal(Action action, int from,
                                                            SecretValues secrets) const {
  if (from == 0) {
    ASSIGN_OR_RETURN(const std::vector<RevisionInfo> revisions,
                     dependencies_.releases.Revisions(action.release));
    from = Base(revisions);
  }
  ASSIGN_OR_RETURN(const std::vector<ManifestObject> before, ReadRevision(action.release, from));
  const ReleaseKey key = action.release;
  ASSIGN_OR_RETURN(Preview after, DryRun(std::move(action), SecretValues::kShown));
  return ReleaseDiff{
      .from_revision = from,
      .changes = CompareRenderings(before, after.objects,
                                   DiffOptionsFor(key, {LabelOf(from), "proposal"}, secrets)),
      .messages = std::move(after.messages)};
}

}  // namespace berth::helm
