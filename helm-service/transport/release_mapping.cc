#include "helm-service/transport/release_mapping.h"

#include <google/protobuf/util/time_util.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "common/operation/clipped_text.h"

namespace berth::helm {
namespace {

using google::protobuf::util::TimeUtil;

constexpr std::array<std::pair<ReleaseStatus, v1::Release::Status>, 9> kStatuses = {{
    {ReleaseStatus::kUnknown, v1::Release::STATUS_UNKNOWN},
    {ReleaseStatus::kDeployed, v1::Release::STATUS_DEPLOYED},
    {ReleaseStatus::kUninstalled, v1::Release::STATUS_UNINSTALLED},
    {ReleaseStatus::kSuperseded, v1::Release::STATUS_SUPERSEDED},
    {ReleaseStatus::kFailed, v1::Release::STATUS_FAILED},
    {ReleaseStatus::kUninstalling, v1::Release::STATUS_UNINSTALLING},
    {ReleaseStatus::kPendingInstall, v1::Release::STATUS_PENDING_INSTALL},
    {ReleaseStatus::kPendingUpgrade, v1::Release::STATUS_PENDING_UPGRADE},
    {ReleaseStatus::kPendingRollback, v1::Release::STATUS_PENDING_ROLLBACK},
}};

v1::Release::Status ToProto(ReleaseStatus status) {
  for (const auto& [ours, theirs] : kStatuses) {
    if (ours == status) return theirs;
  }
  return v1::Release::STATUS_UNKNOWN;
}

v1::ReleaseHook::Phase ToHookPhase(std::string_view phase) {
  if (phase.empty()) return v1::ReleaseHook::PHASE_UNSPECIFIED;
  if (phase == "Running") return v1::ReleaseHook::PHASE_RUNNING;
  if (phase == "Succeeded") return v1::ReleaseHook::PHASE_SUCCEEDED;
  if (phase == "Failed") return v1::ReleaseHook::PHASE_FAILED;
  return v1::ReleaseHook::PHASE_UNKNOWN;
}

// What Release and ReleaseSummary have in common.
v1::Release ToProto(const ReleaseKey& key, const RevisionInfo& info, const Labels& labels) {
  v1::Release proto;
  proto.set_namespace_(key.ns.value());
  proto.set_name(key.name.value());
  proto.set_revision(info.revision);
  proto.set_status(ToProto(info.status));
  for (const auto& [label, value] : labels) (*proto.mutable_labels())[label] = value;
  return proto;
}

template <typename Message>
void SetTime(const std::string& text, google::protobuf::Timestamp* (Message::*field)(),
             Message& proto) {
  google::protobuf::Timestamp time;
  if (TimeUtil::FromString(text, &time)) *(proto.*field)() = std::move(time);
}

google::protobuf::Timestamp ToTimestamp(RevisionFacts::Time time) {
  return TimeUtil::NanosecondsToTimestamp(time.time_since_epoch().count());
}

v1::TestOutcome::Phase PhaseOf(std::string_view word) {
  if (word.empty()) return v1::TestOutcome::PHASE_NOT_RUN;
  if (word == "Running") return v1::TestOutcome::PHASE_RUNNING;
  if (word == "Succeeded") return v1::TestOutcome::PHASE_SUCCEEDED;
  if (word == "Failed") return v1::TestOutcome::PHASE_FAILED;
  return v1::TestOutcome::PHASE_UNKNOWN;
}

}  // namespace

v1::Release ToProto(const Release& release) {
  v1::Release proto = ToProto(release.key, release.newest, release.labels);
  proto.set_chart_name(release.chart_name);
  proto.set_chart_version(release.chart_version);
  proto.set_app_version(release.app_version);
  proto.set_description(release.description);
  proto.set_notes(release.notes);
  SetTime(release.deploy_time, &v1::Release::mutable_deploy_time, proto);
  SetTime(release.first_deploy_time, &v1::Release::mutable_first_deploy_time, proto);
  return proto;
}

v1::Release ToProto(const ReleaseSummary& release) {
  v1::Release proto = ToProto(release.key, release.info, release.labels);
  if (release.facts == nullptr) return proto;
  const RevisionFacts& facts = *release.facts;
  proto.set_chart_name(facts.chart->name);
  proto.set_chart_version(facts.chart->version);
  proto.set_app_version(facts.chart->app_version);
  proto.set_description(facts.description);
  if (facts.last_deployed) *proto.mutable_deploy_time() = ToTimestamp(*facts.last_deployed);
  if (facts.first_deployed) {
    *proto.mutable_first_deploy_time() = ToTimestamp(*facts.first_deployed);
  }
  return proto;
}

ReleaseStatus ToReleaseStatus(v1::Release::Status status) {
  for (const auto& [ours, theirs] : kStatuses) {
    if (theirs == status) return ours;
  }
  return ReleaseStatus::kUnknown;
}

v1::ReleaseHook ToProto(const ReleaseHook& hook, std::string manifest) {
  v1::ReleaseHook proto;
  proto.set_name(hook.name);
  proto.set_kind(hook.kind);
  proto.set_path(hook.path);
  proto.mutable_events()->Assign(hook.events.begin(), hook.events.end());
  proto.set_weight(hook.weight);
  proto.mutable_delete_policies()->Assign(hook.delete_policies.begin(), hook.delete_policies.end());
  proto.set_manifest(std::move(manifest));
  SetTime(hook.started_at, &v1::ReleaseHook::mutable_start_time, proto);
  SetTime(hook.completed_at, &v1::ReleaseHook::mutable_end_time, proto);
  proto.set_phase(ToHookPhase(hook.phase));
  return proto;
}

v1::Release ToStoredProto(const Release& release) {
  constexpr std::size_t kLongest = 256;
  v1::Release proto = ToProto(release);
  proto.clear_notes();
  proto.clear_labels();
  proto.clear_first_deploy_time();
  for (std::string* text : {proto.mutable_chart_name(), proto.mutable_chart_version(),
                            proto.mutable_app_version(), proto.mutable_description()}) {
    *text = operation::ClippedText(*text, kLongest);
  }
  return proto;
}

v1::TestOutcome ToProto(const TestOutcome& outcome) {
  v1::TestOutcome proto;
  proto.set_name(outcome.name);
  proto.set_kind(outcome.kind);
  proto.set_phase(PhaseOf(outcome.phase));
  google::protobuf::Timestamp time;
  if (google::protobuf::util::TimeUtil::FromString(outcome.started_at, &time)) {
    *proto.mutable_start_time() = std::move(time);
  }
  return proto;
}

}  // namespace berth::helm
