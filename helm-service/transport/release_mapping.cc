#include "helm-service/transport/release_mapping.h"

#include <google/protobuf/util/time_util.h>

#include <cstddef>
#include <string>

#include "common/operation/clipped_text.h"

namespace berth::helm {
namespace {

v1::Release::Status ToProto(ReleaseStatus status) {
  switch (status) {
    case ReleaseStatus::kUnknown:
      return v1::Release::STATUS_UNKNOWN;
    case ReleaseStatus::kDeployed:
      return v1::Release::STATUS_DEPLOYED;
    case ReleaseStatus::kUninstalled:
      return v1::Release::STATUS_UNINSTALLED;
    case ReleaseStatus::kSuperseded:
      return v1::Release::STATUS_SUPERSEDED;
    case ReleaseStatus::kFailed:
      return v1::Release::STATUS_FAILED;
    case ReleaseStatus::kUninstalling:
      return v1::Release::STATUS_UNINSTALLING;
    case ReleaseStatus::kPendingInstall:
      return v1::Release::STATUS_PENDING_INSTALL;
    case ReleaseStatus::kPendingUpgrade:
      return v1::Release::STATUS_PENDING_UPGRADE;
    case ReleaseStatus::kPendingRollback:
      return v1::Release::STATUS_PENDING_ROLLBACK;
  }
  return v1::Release::STATUS_UNKNOWN;
}

}  // namespace

v1::Release ToProto(const Release& release) {
  v1::Release proto;
  proto.set_namespace_(release.key.ns.value());
  proto.set_name(release.key.name.value());
  proto.set_revision(release.newest.revision);
  proto.set_status(ToProto(release.newest.status));
  proto.set_chart_name(release.chart_name);
  proto.set_chart_version(release.chart_version);
  proto.set_app_version(release.app_version);
  proto.set_description(release.description);
  proto.set_notes(release.notes);
  google::protobuf::Timestamp time;
  if (google::protobuf::util::TimeUtil::FromString(release.deploy_time, &time)) {
    *proto.mutable_deploy_time() = time;
  }
  return proto;
}

v1::Release ToStoredProto(const Release& release) {
  constexpr std::size_t kLongest = 256;
  v1::Release proto = ToProto(release);
  proto.clear_notes();
  for (std::string* text : {proto.mutable_chart_name(), proto.mutable_chart_version(),
                            proto.mutable_app_version(), proto.mutable_description()}) {
    *text = operation::ClippedText(*text, kLongest);
  }
  return proto;
}

}  // namespace berth::helm
