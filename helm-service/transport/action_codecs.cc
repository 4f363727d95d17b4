#include "helm-service/transport/action_codecs.h"

#include <google/protobuf/any.pb.h>

#include <optional>

#include "common/status/status.h"
#include "helm-service/transport/release_mapping.h"
#include "helm-service/transport/request_mapping.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::helm {
namespace {

template <typename Request>
absl::StatusOr<Action> Parse(const google::protobuf::Message& message) {
  const auto* request = dynamic_cast<const Request*>(&message);
  if (request == nullptr) {
    return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                 "the operation's request is of another method");
  }
  return ToAction(*request);
}

template <typename Result>
void SetToken(const Release& release, Result& result) {
  if (release.token.has_value()) result.set_consistency_token(release.token->ToString());
}

template <typename Result>
google::protobuf::Any PackRelease(const std::optional<Release>& release) {
  Result result;
  if (release.has_value()) {
    *result.mutable_release() = ToStoredProto(*release);
    SetToken(*release, result);
  }
  google::protobuf::Any any;
  any.PackFrom(result);
  return any;
}

google::protobuf::Any PackRemoved(const std::optional<Release>& release) {
  v1::UninstallReleaseResult result;
  result.set_removed(release.has_value());
  if (release.has_value()) SetToken(*release, result);
  google::protobuf::Any any;
  any.PackFrom(result);
  return any;
}

}  // namespace

ActionCodec InstallCodec() {
  return {.parse = Parse<v1::InstallReleaseRequest>,
          .result = PackRelease<v1::InstallReleaseResult>};
}

ActionCodec UpgradeCodec() {
  return {.parse = Parse<v1::UpgradeReleaseRequest>,
          .result = PackRelease<v1::UpgradeReleaseResult>};
}

ActionCodec RollbackCodec() {
  return {.parse = Parse<v1::RollbackReleaseRequest>,
          .result = PackRelease<v1::RollbackReleaseResult>};
}

ActionCodec UninstallCodec() {
  return {.parse = Parse<v1::UninstallReleaseRequest>, .result = PackRemoved};
}

}  // namespace berth::helm
