#include "helm-service/adapters/kube_release_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/status/macros.h"
#include "helm-service/adapters/release_body.h"
#include "helm-service/adapters/release_secret.h"
#include "helm-service/domain/computed_values.h"

namespace berth::helm {

absl::StatusOr<std::vector<ReleaseSummary>> KubeReleaseReader::Revisions(const ReleaseKey& key) {
  ASSIGN_OR_RETURN(
      const kube::ObjectList list,
      client_.List(kube::kSecrets, key.ns.value(),
                   {.label_selector = fmt::format("owner=helm,name={}", key.name.value()),
                    .field_selector = std::string(kReleaseFieldSelector),
                    .form = kube::Form::kMetadata}));
  std::vector<ReleaseSummary> revisions;
  for (const kube::Json& secret : list.items) {
    std::optional<ReleaseSummary> revision = SummaryOf(secret);
    if (revision.has_value()) revisions.push_back(*std::move(revision));
  }
  std::sort(revisions.begin(), revisions.end(),
            [](const ReleaseSummary& a, const ReleaseSummary& b) {
              return a.info.revision > b.info.revision;
            });
  return revisions;
}

absl::StatusOr<ReleaseSummary> KubeReleaseReader::WithFacts(ReleaseSummary revision) {
  absl::StatusOr<ReleaseFacts::Found> found =
      facts_.Read(revision.key, revision.info.revision, revision.version);
  if (found.ok()) {
    revision.facts = std::move(found->facts);
  } else if (!kube::IsNotFound(found.status())) {
    return found.status();
  }
  return revision;
}

absl::StatusOr<nlohmann::json> KubeReleaseReader::Values(const ReleaseKey& key, int revision,
                                                         ValuesKind kind) {
  const absl::StatusOr<kube::Json> secret =
      client_.Get(kube::kSecrets, ReleaseSecretName(key, revision));
  if (kube::IsNotFound(secret.status())) return NoSuchRevision(key, revision);
  if (!secret.ok()) return secret.status();
  ASSIGN_OR_RETURN(ReleaseValues values,
                   ReadReleaseValues(kube::StringAt(*secret, {"data", "release"})));
  switch (kind) {
    case ValuesKind::kUserSupplied:
      break;
    case ValuesKind::kComputed:
      return ComputeValues(values.defaults, std::move(values.user));
  }
  return std::move(values.user);
}

}  // namespace berth::helm
