#include "helm-service/adapters/kube_release_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/status/macros.h"
#include "helm-service/adapters/release_body.h"
#include "helm-service/adapters/release_secret.h"

namespace berth::helm {

absl::StatusOr<kube::ObjectList> KubeReleaseStore::ListSecrets(const ReleaseKey& key) {
  return client_.List(kube::kSecrets, key.ns.value(),
                      {.label_selector = fmt::format("owner=helm,name={}", key.name.value()),
                       .field_selector = std::string(kReleaseFieldSelector),
                       .form = kube::Form::kMetadata});
}

absl::StatusOr<std::vector<RevisionInfo>> KubeReleaseStore::Revisions(const ReleaseKey& key) {
  ASSIGN_OR_RETURN(const kube::ObjectList list, ListSecrets(key));
  std::vector<RevisionInfo> revisions;
  for (const kube::Json& secret : list.items) {
    const std::optional<RevisionInfo> info = RevisionInfoOf(secret);
    if (info.has_value()) revisions.push_back(*info);
  }
  return revisions;
}

absl::StatusOr<std::optional<RevisionInfo>> KubeReleaseStore::Newest(const ReleaseKey& key) {
  ASSIGN_OR_RETURN(const std::vector<RevisionInfo> revisions, Revisions(key));
  return NewestOf(revisions);
}

absl::StatusOr<kube::Json> KubeReleaseStore::GetSecret(const ReleaseKey& key, int revision) {
  absl::StatusOr<kube::Json> secret = client_.Get(kube::kSecrets, ReleaseSecretName(key, revision));
  if (kube::IsNotFound(secret.status())) return NoSuchRevision(key, revision);
  return secret;
}

absl::StatusOr<Release> KubeReleaseStore::Read(const ReleaseKey& key, int revision) {
  ASSIGN_OR_RETURN(const kube::Json secret, GetSecret(key, revision));
  return ReadReleaseSecret(key, secret);
}

absl::StatusOr<ReleaseContent> KubeReleaseStore::ReadContent(const ReleaseKey& key, int revision) {
  ASSIGN_OR_RETURN(const kube::Json secret, GetSecret(key, revision));
  return ReadReleaseContent(kube::StringAt(secret, {"data", "release"}));
}

absl::StatusOr<ConsistencyToken> KubeReleaseStore::TokenOf(const ReleaseKey& key) {
  ASSIGN_OR_RETURN(const kube::ObjectList list, ListSecrets(key));
  ConsistencyToken token;
  for (const kube::Json& secret : list.items) {
    token.version = std::max(token.version, VersionOf(secret));
  }
  if (list.items.empty()) {
    token = {.version = kube::ParseResourceVersion(list.resource_version).value_or(0),
             .removed = key};
  }
  return token;
}

absl::StatusOr<std::optional<RevisionStamp>> KubeReleaseStore::Stamp(const ReleaseKey& key,
                                                                     int revision) {
  const absl::StatusOr<kube::Json> secret =
      client_.Get(kube::kSecrets, ReleaseSecretName(key, revision),
                  {.consistency = kube::Consistency::kAny, .form = kube::Form::kMetadata});
  if (kube::IsNotFound(secret.status())) return std::nullopt;
  RETURN_IF_ERROR(secret.status());
  const std::string status = kube::StringAt(*secret, {"metadata", "labels", "status"});
  return RevisionStamp{.version = kube::ResourceVersion(*secret),
                       .status = ParseReleaseStatus(status)};
}

absl::Status KubeReleaseStore::MarkFailed(const ReleaseKey& key, int revision,
                                          std::string_view description) {
  constexpr int kTries = 3;
  absl::Status last;
  for (int i = 0; i < kTries; ++i) {
    ASSIGN_OR_RETURN(kube::Json secret, GetSecret(key, revision));
    const std::optional<RevisionInfo> info = RevisionInfoOf(secret);
    if (!info.has_value() || !IsLocked(info->status)) return absl::OkStatus();
    const std::string_view failed = ToString(ReleaseStatus::kFailed);
    ASSIGN_OR_RETURN(std::string data,
                     WithStatus(kube::StringAt(secret, {"data", "release"}), failed, description));
    secret["data"]["release"] = std::move(data);
    kube::SetLabel(secret, "status", failed);
    last = client_.Update(kube::kSecrets, secret).status();
    if (!kube::IsConflict(last)) return last;
  }
  return last;
}

}  // namespace berth::helm
