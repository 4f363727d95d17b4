#include "gateway/adapters/helm_releases.h"

#include <google/protobuf/util/time_util.h>

#include <memory>
#include <optional>
#include <utility>

#include "common/grpc/channel.h"
#include "common/status/grpc_status.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::gateway {
namespace {

/// What every mutation carries.
template <typename Request>
void Fill(const ChildCall& call, Request& request) {
  request.set_namespace_(call.release.ns.str());
  request.set_name(call.release.name.str());
  operation::v1::RunOptions& run = *request.mutable_run();
  run.set_request_id(call.request_id);
  run.set_parent_operation(call.parent);
  run.set_detach(true);
  *run.mutable_timeout() =
      google::protobuf::util::TimeUtil::SecondsToDuration(call.timeout.count());
}

/// Reads a detached stream to its end.
template <typename Response, typename Method, typename Request>
absl::Status Send(helm::v1::HelmService::StubInterface& helm, Method method,
                  const Request& request) {
  const std::unique_ptr<grpc::ClientContext> context = rpc::MakeContext({});
  const std::unique_ptr<grpc::ClientReaderInterface<Response>> stream =
      (helm.*method)(context.get(), request);
  Response response;
  while (stream->Read(&response)) {
  }
  const grpc::Status status = stream->Finish();
  return status.ok() ? absl::OkStatus() : rpc::CallError(status, *Request::descriptor());
}

}  // namespace

absl::StatusOr<std::optional<helm::v1::Release>> HelmReleases::Find(const ReleaseKey& key) {
  helm::v1::GetReleaseRequest request;
  request.set_namespace_(key.ns.str());
  request.set_name(key.name.str());
  absl::StatusOr<helm::v1::GetReleaseResponse> response =
      rpc::Call(helm_, &helm::v1::HelmService::StubInterface::GetRelease, request);
  if (ReasonOf(response.status()) == Reason::ERROR_REASON_RELEASE_NOT_FOUND) {
    return std::nullopt;
  }
  RETURN_IF_ERROR(response.status());
  return std::move(*response->mutable_release());
}

absl::Status HelmReleases::Upgrade(const ChildCall& call, helm::v1::UpgradeReleaseRequest content) {
  Fill(call, content);
  return Send<helm::v1::UpgradeReleaseResponse>(
      helm_, &helm::v1::HelmService::StubInterface::UpgradeRelease, content);
}

absl::Status HelmReleases::Rollback(const ChildCall& call, int revision, int expected_revision) {
  helm::v1::RollbackReleaseRequest request;
  Fill(call, request);
  request.set_revision(revision);
  request.set_expected_revision(expected_revision);
  return Send<helm::v1::RollbackReleaseResponse>(
      helm_, &helm::v1::HelmService::StubInterface::RollbackRelease, request);
}

absl::Status HelmReleases::Uninstall(const ChildCall& call, int expected_revision) {
  helm::v1::UninstallReleaseRequest request;
  Fill(call, request);
  request.set_allow_missing(true);
  request.set_expected_revision(expected_revision);
  return Send<helm::v1::UninstallReleaseResponse>(
      helm_, &helm::v1::HelmService::StubInterface::UninstallRelease, request);
}

}  // namespace berth::gateway
