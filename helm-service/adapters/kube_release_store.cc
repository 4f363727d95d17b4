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
namespace {

// How far behind a copy of the cluster is assumed to be at the most.
constexpr int kRevisionsBehind = 2;

}  // namespace

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

absl::StatusOr<std::optional<RevisionInfo>> KubeReleaseStore::GetInfo(const ReleaseKey& key,
                                                                      int revision) {
  const absl::StatusOr<kube::Json> secret = client_.Get(
      kube::kSecrets, ReleaseSecretName(key, revision), {.form = kube::Form::kMetadata});
  if (kube::IsNotFound(secret.status())) return std::nullopt;
  RETURN_IF_ERROR(secret.status());
  return RevisionInfoOf(*secret);
}

absl::StatusOr<std::optional<RevisionInfo>> KubeReleaseStore::Newest(const ReleaseKey& key) {
  if (const std::optional<int> likely = likely_newest_(key)) {
    std::optional<RevisionInfo> newest;
    for (int next = std::max(*likely, 1); next <= *likely + kRevisionsBehind + 1; ++next) {
      ASSIGN_OR_RETURN(const std::optional<RevisionInfo> info, GetInfo(key, next));
      const bool is_first_of_none = *likely == 0 && !newest.has_value();
      if (!info.has_value() && (newest.has_value() || is_first_of_none)) return newest;
      if (!info.has_value()) break;  // it was removed meanwhile
      newest = info;
    }
  }
  ASSIGN_OR_RETURN(const std::vector<RevisionInfo> revisions, Revisions(key));
  return NewestOf(revisions);
}

absl::StatusOr<kube::Json> KubeReleaseStore::GetSecret(const ReleaseKey& key, int revision) {
  absl::StatusOr<kube::Json> secret = client_.Get(kube::kSecrets, ReleaseSecretName(key, revision));
  if (kube::IsNotFound(secret.status())) return NoSuchRevision(key, revision);
  return secret;
}

absl::StatusOr<kube::Json> KubeReleaseStore::GetNewestSecret(const ReleaseKey& key) {
  if (const int likely = likely_newest_(key).value_or(0); likely > 0) {
    absl::StatusOr<kube::Json> secret = client_.Get(kube::kSecrets, ReleaseSecretName(key, likely));
    if (secret.ok()) {
      ASSIGN_OR_RETURN(const std::optional<RevisionInfo> next, GetInfo(key, likely + 1));
      if (!next.has_value()) return secret;
    } else if (!kube::IsNotFound(secret.status())) {
      return secret;
    }
  }
  ASSIGN_OR_RETURN(const std::optional<RevisionInfo> newest, Newest(key));
  if (!newest.has_value()) return NoSuchRelease(key);
  return GetSecret(key, newest->revision);
}

absl::StatusOr<Release> KubeReleaseStore::Read(const ReleaseKey& key, std::optional<int> revision) {
  ASSIGN_OR_RETURN(const kube::Json secret,
                   revision.has_value() ? GetSecret(key, *revision) : GetNewestSecret(key));
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
