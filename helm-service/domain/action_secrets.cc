#include "helm-service/domain/action_secrets.h"

#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/status/macros.h"

namespace berth::helm {
namespace {

// The revisions that Helm may take values from.
absl::StatusOr<std::vector<int>> RevisionsReused(const Action& action, ReleaseReader& reader) {
  if (const auto* rollback = std::get_if<Rollback>(&action.what)) {
    return std::vector<int>{rollback->revision};
  }
  const auto* upgrade = std::get_if<Upgrade>(&action.what);
  if (upgrade == nullptr || upgrade->values_policy == ValuesPolicy::kReset) {
    return std::vector<int>{};
  }
  // The deployed one, or the newest if none is.
  ASSIGN_OR_RETURN(const std::vector<ReleaseSummary> revisions, reader.Revisions(action.release));
  std::vector<int> reused;
  for (const ReleaseSummary& revision : revisions) {
    if (reused.empty() || revision.info.status == ReleaseStatus::kDeployed) {
      reused.push_back(revision.info.revision);
    }
  }
  return reused;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Redactor>> MakeRedactor(const Action& action,
                                                       ReleaseReader& reader) {
  const nlohmann::json* sent = ValuesOf(action);
  auto redactor = std::make_shared<Redactor>(
      sent == nullptr ? nlohmann::json::object() : *sent,
      std::vector<std::string>{action.release.ns.value(), action.release.name.value()});
  ASSIGN_OR_RETURN(const std::vector<int> reused, RevisionsReused(action, reader));
  for (const int revision : reused) {
    const absl::StatusOr<nlohmann::json> values =
        reader.Values(action.release, revision, ValuesKind::kUserSupplied);
    if (absl::IsNotFound(values.status()) || absl::IsDataLoss(values.status())) continue;
    RETURN_IF_ERROR(values.status());
    redactor->Learn(*values);
  }
  return redactor;
}

}  // namespace berth::helm
