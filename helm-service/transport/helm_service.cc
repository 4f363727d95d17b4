#include "helm-service/transport/helm_service.h"

#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "common/grpc/caller.h"
#include "common/grpc/page_token.h"
#include "common/grpc/unary.h"
#include "common/operation/stream.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/transport/methods.h"
#include "helm-service/transport/release_mapping.h"
#include "helm-service/transport/request_mapping.h"

namespace berth::helm {
namespace {

template <typename Request>
absl::StatusOr<operation::Spec> ToSpec(const Request& request, const char* method,
                                       const grpc::CallbackServerContext& context) {
  ASSIGN_OR_RETURN(const Action action, ToAction(request));
  return operation::Spec{.method = method,
                         .target_namespace = action.release.ns.value(),
                         .target_name = action.release.name.value(),
                         .caller = rpc::CallerOf(context),
                         .takes_release_ticket = true};
}

absl::StatusOr<v1::GetReleaseResponse> Get(ReleaseStore& releases,
                                           const v1::GetReleaseRequest& request) {
  ASSIGN_OR_RETURN(const ReleaseKey key, ToReleaseKey(request.namespace_(), request.name()));
  ASSIGN_OR_RETURN(const std::optional<RevisionInfo> newest, releases.Newest(key));
  if (!newest.has_value()) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND,
                 fmt::format("release {}/{} does not exist", key.ns.value(), key.name.value()));
  }
  ASSIGN_OR_RETURN(const Release release, releases.Read(key, newest->revision));
  v1::GetReleaseResponse response;
  *response.mutable_release() = ToProto(release);
  return response;
}

absl::StatusOr<v1::ListReleasesResponse> List(ReleaseCatalog& catalog,
                                              const v1::ListReleasesRequest& request) {
  std::optional<NamespaceName> ns;
  if (!request.namespace_().empty()) {
    absl::StatusOr<NamespaceName> parsed = NamespaceName::Parse(request.namespace_());
    if (!parsed.ok()) return InvalidField("namespace", std::string(parsed.status().message()));
    ns = *std::move(parsed);
  }
  ASSIGN_OR_RETURN(
      const rpc::PageRequest page,
      rpc::ParsePageRequest(request.page_size(), request.page_token(), request.namespace_()));
  // One more than asked for tells whether there is another page.
  const auto size = static_cast<std::size_t>(page.size);
  ASSIGN_OR_RETURN(std::vector<Release> releases, catalog.List(ns, page.after, size + 1));
  v1::ListReleasesResponse response;
  if (releases.size() > size) {
    releases.pop_back();
    response.set_next_page_token(
        rpc::NextPageToken(ReleaseCatalog::OrderKey(releases.back().key), request.namespace_()));
  }
  for (const Release& release : releases) *response.add_releases() = ToProto(release);
  return response;
}

}  // namespace

HelmServiceImpl::HelmServiceImpl(operation::Manager& operations, rpc::StreamRegistry& streams,
                                 ReleaseStore& releases, ReleaseCatalog& catalog)
    : operations_(operations), streams_(streams), releases_(releases), catalog_(catalog) {}

template <typename Response, typename Request>
grpc::ServerWriteReactor<Response>* HelmServiceImpl::Mutate(grpc::CallbackServerContext& context,
                                                            const Request& request,
                                                            const char* method) {
  return operation::Serve<Response>(operations_, streams_, context, request,
                                    ToSpec(request, method, context));
}

grpc::ServerWriteReactor<v1::InstallReleaseResponse>* HelmServiceImpl::InstallRelease(
    grpc::CallbackServerContext* context, const v1::InstallReleaseRequest* request) {
  return Mutate<v1::InstallReleaseResponse>(*context, *request, kInstallMethod);
}

grpc::ServerWriteReactor<v1::UpgradeReleaseResponse>* HelmServiceImpl::UpgradeRelease(
    grpc::CallbackServerContext* context, const v1::UpgradeReleaseRequest* request) {
  return Mutate<v1::UpgradeReleaseResponse>(*context, *request, kUpgradeMethod);
}

grpc::ServerWriteReactor<v1::RollbackReleaseResponse>* HelmServiceImpl::RollbackRelease(
    grpc::CallbackServerContext* context, const v1::RollbackReleaseRequest* request) {
  return Mutate<v1::RollbackReleaseResponse>(*context, *request, kRollbackMethod);
}

grpc::ServerWriteReactor<v1::UninstallReleaseResponse>* HelmServiceImpl::UninstallRelease(
    grpc::CallbackServerContext* context, const v1::UninstallReleaseRequest* request) {
  return Mutate<v1::UninstallReleaseResponse>(*context, *request, kUninstallMethod);
}

grpc::Status HelmServiceImpl::GetRelease(grpc::ServerContext*, const v1::GetReleaseRequest* request,
                                         v1::GetReleaseResponse* response) {
  return rpc::Unary(*response, [&] { return Get(releases_, *request); });
}

grpc::Status HelmServiceImpl::ListReleases(grpc::ServerContext*,
                                           const v1::ListReleasesRequest* request,
                                           v1::ListReleasesResponse* response) {
  return rpc::Unary(*response, [&] { return List(catalog_, *request); });
}

}  // namespace berth::helm
