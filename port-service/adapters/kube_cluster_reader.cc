#include "port-service/adapters/kube_cluster_reader.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "common/kube/gateway_api.h"
#include "common/kube/resource.h"
#include "common/pool/labels.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::port {

KubeClusterReader::KubeClusterReader(kube::Client& client, kube::RestMapper& mapper, std::string ns)
    : client_(client), mapper_(mapper), ns_(std::move(ns)) {}

absl::StatusOr<pool::Pool> KubeClusterReader::ReadPool(const pool::PoolName& name) {
  const absl::StatusOr<kube::Json> object = client_.Get(kube::kPortPools, {ns_, name.value()});
  if (kube::IsNotFound(object.status())) {
    return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_POOL_NOT_FOUND,
                 fmt::format("no pool '{}'", name.value()))
        .WithMetadata("pool", name.value());
  }
  RETURN_IF_ERROR(object.status());
  return pool::ParsePool(*object);
}

absl::StatusOr<bool> KubeClusterReader::HasRule(const pool::ClaimName& name) {
  const absl::Status status =
      client_.Get(kube::kPortRules, {ns_, name.ToString()}, {.form = kube::Form::kMetadata})
          .status();
  if (kube::IsNotFound(status)) {
    return false;
  }
  RETURN_IF_ERROR(status);
  return true;
}

absl::StatusOr<bool> KubeClusterReader::HasObjects(const Claim& claim) {
  ASSIGN_OR_RETURN(const kube::GatewayApi served, kube::DiscoverGatewayApi(mapper_));
  const std::string selector = fmt::format("{}={}", pool::kClaimUidLabel, claim.uid);
  for (const std::optional<kube::Resource>& kind :
       {std::optional(kube::kServices), served.listener_sets, served.tcp_routes, served.udp_routes,
        served.reference_grants}) {
    if (!kind) {
      continue;
    }
    const absl::StatusOr<kube::ObjectList> list =
        client_.List(*kind, /*ns=*/"", {.label_selector = selector, .form = kube::Form::kMetadata});
    if (kube::IsNotFound(list.status())) {
      continue;  // it is served no more, and its objects went with it
    }
    RETURN_IF_ERROR(list.status());
    if (!list->items.empty()) {
      return true;
    }
  }
  return false;
}

ServerNow KubeServerNow(kube::Client& client) {
  // A sample of the client's is at most 30 s old.
  return [&client] { return client.ServerTime(); };
}

}  // namespace berth::port
