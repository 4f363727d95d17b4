#include "helm-service/transport/action_codecs.h"

#include <google/protobuf/any.pb.h>

#include <cstddef>
#include <cstdint>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/transport/release_mapping.h"
#include "helm-service/transport/request_mapping.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::helm {
namespace {

template <typename Request>
absl::StatusOr<const Request*> As(const google::protobuf::Message& message) {
  const auto* request = dynamic_cast<const Request*>(&message);
  if (request != nullptr) return request;
  return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
               "the operation's request is of another method");
}

template <typename Request>
absl::StatusOr<Action> Parse(const google::protobuf::Message& message) {
  ASSIGN_OR_RETURN(const Request* request, As<Request>(message));
  return ToAction(*request);
}

template <typename Result>
void SetToken(const Release& release, Result& result) {
  if (release.token.has_value()) result.set_consistency_token(release.token->ToString());
}

google::protobuf::Any Pack(const google::protobuf::Message& result) {
  google::protobuf::Any any;
  any.PackFrom(result);
  return any;
}

template <typename Result>
google::protobuf::Any PackRelease(const ActionResult& done) {
  Result result;
  if (done.release.has_value()) {
    *result.mutable_release() = ToStoredProto(*done.release);
    SetToken(*done.release, result);
  }
  return Pack(result);
}

google::protobuf::Any PackRemoved(const ActionResult& done) {
  v1::UninstallReleaseResult result;
  result.set_removed(done.release.has_value());
  if (done.release.has_value()) SetToken(*done.release, result);
  return Pack(result);
}

google::protobuf::Any PackTests(const ActionResult& done) {
  constexpr std::size_t kMostBytes = 4096;
  v1::TestReleaseResult result;
  for (const TestOutcome& outcome : done.tests) {
    *result.add_tests() = ToProto(outcome);
    if (result.ByteSizeLong() <= kMostBytes) continue;
    result.mutable_tests()->RemoveLast();
    result.set_tests_left_out(static_cast<std::int32_t>(done.tests.size()) - result.tests_size());
    break;
  }
  return Pack(result);
}

google::protobuf::Any PackUnlocked(const Release& release, bool unlocked) {
  v1::UnlockReleaseResult result;
  *result.mutable_release() = ToStoredProto(release);
  result.set_unlocked(unlocked);
  return Pack(result);
}

absl::StatusOr<Unlock> ParseUnlock(const google::protobuf::Message& message) {
  ASSIGN_OR_RETURN(const auto* request, As<v1::UnlockReleaseRequest>(message));
  return ToUnlock(*request);
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

ActionCodec TestCodec() { return {.parse = Parse<v1::TestReleaseRequest>, .result = PackTests}; }

UnlockCodec MakeUnlockCodec() { return {.parse = ParseUnlock, .result = PackUnlocked}; }

}  // namespace berth::helm
