#include "helm-service/adapters/release_secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "absl/time/time.h"
#include "common/kube/object.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/adapters/release_body.h"

namespace berth::helm {
namespace {

constexpr std::array<std::string_view, 6> kHelmsLabels = {"createdAt", "modifiedAt", "name",
                                                          "owner",     "status",     "version"};

// 1900 and 2200.
constexpr std::int64_t kFirstSecond = -2'208'988'800;
constexpr std::int64_t kLastSecond = 7'258'118'400;

Labels UserLabels(const kube::Json& secret) {
  Labels labels;
  for (auto& [key, value] : kube::Labels(secret)) {
    if (std::find(kHelmsLabels.begin(), kHelmsLabels.end(), key) == kHelmsLabels.end()) {
      labels.emplace_back(key, value);
    }
  }
  return labels;
}

}  // namespace

kube::ObjectName ReleaseSecretName(const ReleaseKey& key, int revision) {
  return {.ns = key.ns.value(),
          .name = fmt::format("sh.helm.release.v1.{}.v{}", key.name.value(), revision)};
}

absl::Status NoSuchRevision(const ReleaseKey& key, int revision) {
  return Error(
      absl::StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND,
      fmt::format("release {}/{} has no revision {}", key.ns.value(), key.name.value(), revision));
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

std::uint64_t VersionOf(const kube::Json& secret) {
  return kube::ParseResourceVersion(kube::ResourceVersion(secret)).value_or(0);
}

std::optional<ReleaseSummary> SummaryOf(const kube::Json& secret) {
  std::optional<ReleaseKey> key = ReleaseKeyOf(secret);
  const std::optional<RevisionInfo> info = RevisionInfoOf(secret);
  if (!key.has_value() || !info.has_value() || kube::Label(secret, "owner") != "helm" ||
      kube::NameOf(secret) != ReleaseSecretName(*key, info->revision)) {
    return std::nullopt;
  }
  return ReleaseSummary{.key = *std::move(key),
                        .info = *info,
                        .version = VersionOf(secret),
                        .labels = UserLabels(secret),
                        .facts = nullptr};
}

std::optional<RevisionFacts::Time> ParseHelmTime(const std::string& text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
  // Outside of these, nanoseconds do not fit into 64 bits.
  if (time < absl::FromUnixSeconds(kFirstSecond) || time > absl::FromUnixSeconds(kLastSecond)) {
    return std::nullopt;
  }
  return RevisionFacts::Time(std::chrono::nanoseconds(absl::ToUnixNanos(time)));
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
                 .notes = std::move(body.notes),
                 .labels = UserLabels(secret),
                 .first_deploy_time = std::move(body.first_deployed),
                 .token = ConsistencyToken{.version = VersionOf(secret)}};
}

}  // namespace berth::helm
