#include "helm-service/adapters/release_secret.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "common/kube/object.h"
#include "common/status/macros.h"
#include "helm-service/adapters/release_body.h"

namespace berth::helm {

kube::ObjectName ReleaseSecretName(const ReleaseKey& key, int revision) {
  return {.ns = key.ns.value(),
          .name = fmt::format("sh.helm.release.v1.{}.v{}", key.name.value(), revision)};
}

std::optional<ReleaseKey> ReleaseKeyOf(const kube::Json& secret) {
  absl::StatusOr<NamespaceName> ns = NamespaceName::Parse(kube::Namespace(secret));
  absl::StatusOr<ReleaseName> name =
      ReleaseName::Parse(kube::StringAt(secret, {"metadata", "labels", "name"}));
  if (!ns.ok() || !name.ok()) return std::nullopt;
  return ReleaseKey{*std::move(ns), *std::move(name)};
}

std::optional<RevisionInfo> RevisionInfoOf(const kube::Json& secret) {
  const std::string version = kube::StringAt(secret, {"metadata", "labels", "version"});
  RevisionInfo info;
  const auto [end, error] =
      std::from_chars(version.data(), version.data() + version.size(), info.revision);
  const bool whole = error == std::errc() && end == version.data() + version.size();
  if (!whole || info.revision < 1) return std::nullopt;
  info.status = ParseReleaseStatus(kube::StringAt(secret, {"metadata", "labels", "status"}));
  return info;
}

absl::StatusOr<Release> ReadReleaseSecret(const ReleaseKey& key, const kube::Json& secret) {
  ASSIGN_OR_RETURN(ReleaseBody body, ReadReleaseBody(kube::StringAt(secret, {"data", "release"})));
  return Release{.key = key,
                 .newest = RevisionInfoOf(secret).value_or(RevisionInfo{}),
                 .chart_name = std::move(body.chart_name),
                 .chart_version = std::move(body.chart_version),
                 .app_version = std::move(body.app_version),
                 .deploy_time = std::move(body.last_deployed),
                 .description = std::move(body.description),
                 .notes = std::move(body.notes)};
}

}  // namespace berth::helm
